"""Checks and conversions of the arguments that every operator takes."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from slipstream.sdk.construction import construction_of
from slipstream.sdk.exceptions import RemovedInAirflow3Warning
from slipstream.state import TriggerRule, WeightRule

if TYPE_CHECKING:
    from slipstream.sdk.operator import BaseOperator

_EXPECTED: tuple[tuple[str, type | tuple[type, ...]], ...] = (
    ("task_id", str),
    ("email_on_retry", bool),
    ("email_on_failure", bool),
    ("retries", int),
    ("retry_exponential_backoff", (int, float)),
    ("depends_on_past", bool),
    ("ignore_first_depends_on_past", bool),
    ("wait_for_past_depends_before_skipping", bool),
    ("wait_for_downstream", bool),
    ("priority_weight", int),
    ("queue", str),
    ("pool", str),
    ("pool_slots", int),
    ("trigger_rule", str),
    ("do_xcom_push", bool),
    ("multiple_outputs", bool),
)
_EXPECTED_OR_NONE: tuple[tuple[str, type | tuple[type, ...]], ...] = (
    ("email", (str, list, tuple, set)),
    ("run_as_user", str),
    ("max_active_tis_per_dag", int),
    ("max_active_tis_per_dagrun", int),
    ("executor", str),
    ("executor_config", dict),
    ("map_index_template", str),
    ("_task_display_name", str),
    ("logger_name", str),
)

_OLD_TRIGGER_RULES = {
    "dummy": TriggerRule.ALWAYS,
    "none_failed_or_skipped": TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS,
}


def check_arguments(task: BaseOperator, *, sla: Any) -> None:
    """Check what can be checked once all arguments are there.

    :raises TypeError: naming the argument, the task, what was expected and what came
    :raises ValueError: a value is out of its range
    """
    _check_types(task)
    if task.pool_slots < 1:
        dag = construction_of(task).dag
        in_dag = f" in dag {dag.dag_id}" if dag is not None else ""
        raise ValueError(
            f"Task {task.task_id!r}{in_dag} takes {task.pool_slots} pool slots: it must take at "
            "least one"
        )
    if sla is not None:
        warnings.warn(
            "The SLA feature is gone since Airflow 3.0; `sla` is ignored. "
            "Deadline alerts replace it.",
            RemovedInAirflow3Warning,
            stacklevel=5,
        )


def as_execution_timeout(value: Any) -> timedelta | None:
    """Return the timeout.

    :raises ValueError: it is no timedelta
    """
    if value is None or isinstance(value, timedelta):
        return value
    raise ValueError(f"execution_timeout is {value!r}: it must be a timedelta")


def _check_types(task: BaseOperator) -> None:
    values = task.__dict__
    for table, optional in ((_EXPECTED, False), (_EXPECTED_OR_NONE, True)):
        for name, expected in table:
            value = values[name]
            if isinstance(value, expected) or (optional and value is None):
                continue
            types = expected if isinstance(expected, tuple) else (expected,)
            raise TypeError(
                f"Task {task.task_id!r}: {name.lstrip('_')} is {value!r}, a "
                f"{type(value).__name__}; "
                f"it must be of type {' or '.join(t.__name__ for t in types)}"
            )


def checked_trigger_rule(rule: str, where: str) -> TriggerRule:
    """Return the rule of that name; Airflow 2's names are understood with a warning.

    :raises ValueError: there is none
    """
    try:
        return TriggerRule(rule)
    except ValueError:
        pass
    if rule in _OLD_TRIGGER_RULES:
        modern = _OLD_TRIGGER_RULES[rule]
        warnings.warn(
            f"trigger_rule {rule!r} is gone since Airflow 3; {modern.value!r} is used.",
            RemovedInAirflow3Warning,
            stacklevel=4,
        )
        return modern
    raise ValueError(
        f"Task {where!r} has the trigger rule {rule!r}, which does not exist: choose one of "
        f"{', '.join(r.value for r in TriggerRule)}."
    )


def checked_weight_rule(rule: Any) -> Any:
    """Return a built-in rule, or a strategy object for a class, an instance or a dotted path.

    :raises ValueError: it is none of these
    """
    try:
        return WeightRule(rule)
    except ValueError:
        from slipstream.sdk.weight import strategy_of  # few tasks have one

        return strategy_of(rule)


def as_timedelta(name: str, value: timedelta | float) -> timedelta:
    """Return a duration given as timedelta or in seconds.

    :raises TypeError: it is neither
    """
    if isinstance(value, timedelta):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return timedelta(seconds=value)
    raise TypeError(f"'{name}' must be a timedelta or a number of seconds, not {value!r}")


def as_callbacks(value: Any) -> list[Callable[..., Any]]:
    """Return one callback, several, or none, as a list."""
    if value is None:
        return []
    if isinstance(value, Collection) and not callable(value):
        return list(value)
    return [value]


def legacy_arguments(kwargs: dict[str, Any], task_id: str) -> dict[str, Any]:
    """Take arguments of Airflow 1.10 and 2 out of ``kwargs``; return them under modern names."""
    found: dict[str, Any] = {}
    for old, new in _LEGACY.items():
        if old not in kwargs:
            continue
        value = kwargs.pop(old)
        instead = f"use {new!r}" if new else "it has no effect"
        warnings.warn(
            f"Argument {old!r} of task {task_id!r} is gone since Airflow 3: {instead}.",
            RemovedInAirflow3Warning,
            stacklevel=5,
        )
        if new:
            found[new] = value
    return found


_LEGACY = {
    "task_concurrency": "max_active_tis_per_dag",
    "xcom_push": "do_xcom_push",
    "adhoc": "",
    "schedule_interval": "",
    "provide_context": "",
    "subdag": "",
}
