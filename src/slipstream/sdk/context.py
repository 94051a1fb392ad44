"""The context: what a task's templates and functions can ask about the run they are in.

``build`` makes it from a workload. Values that cost something (pendulum's datetimes, a question
to the store) are computed when they are first read.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, ItemsView, Iterator, Mapping, ValuesView
from typing import TYPE_CHECKING, Any

from slipstream.sdk.accessor import ConnectionAccessor, MacrosAccessor, Variables
from slipstream.sdk.asset_event import InletEvents, OutletEvents, TriggeringAssetEvents
from slipstream.sdk.context_keys import KNOWN_CONTEXT_KEYS
from slipstream.sdk.exceptions import AirflowException
from slipstream.sdk.lazy_value import LazyValue
from slipstream.sdk.state_store import StateStoreAccessor

if TYPE_CHECKING:
    from slipstream.attempt import Workload
    from slipstream.sdk.operator import BaseOperator
    from slipstream.sdk.runtime import RuntimeTaskInstance

__all__ = ["KNOWN_CONTEXT_KEYS", "Context", "build", "context_merge", "get_current_context"]


_ASKED = frozenset(
    {
        "prev_data_interval_end_success",
        "prev_data_interval_start_success",
        "prev_end_date_success",
        "prev_start_date_success",
    }
)


class Lazy:
    """A value that is computed from its context."""

    __slots__ = ("compute",)

    def __init__(self, compute: Callable[[Context], Any]) -> None:
        self.compute = compute


class Context(dict[str, Any]):
    """A dict, some of whose values are computed when they are read."""

    def __getitem__(self, key: str) -> Any:
        value = super().__getitem__(key)
        if isinstance(value, Lazy):
            value = value.compute(self)
            super().__setitem__(key, value)
        return value

    def __iter__(self) -> Iterator[str]:
        # Being there makes dict(context) and f(**context) read through __getitem__.
        return super().__iter__()

    def get(self, key: str, default: Any = None) -> Any:
        return self[key] if key in self else default  # noqa: SIM401 (that is this method)

    def items(self) -> Any:
        return ItemsView(self)

    def values(self) -> Any:
        return ValuesView(self)

    def copy(self) -> Context:
        clone = Context()
        for key in self:
            dict.__setitem__(clone, key, dict.__getitem__(self, key))
        return clone

    __copy__ = copy

    def pop(self, key: str, *default: Any) -> Any:
        if key in self:
            value = self[key]
            super().__delitem__(key)
            return value
        return super().pop(key, *default)

    def setdefault(self, key: str, default: Any = None) -> Any:
        if key not in self:
            self[key] = default
        return self[key]

    def for_call(self) -> dict[str, Any]:
        """Return all entries, for a function that takes them as ``**kwargs``.

        Those that only the store can answer stay lazy, as Airflow's do: few functions use them.
        """
        return {k: LazyValue(lambda k=k: self[k]) if k in _ASKED else self[k] for k in self}  # type: ignore[misc]


_stack: list[Context] = []


def get_current_context() -> Context:
    """Return the context of the task that is running.

    :raises RuntimeError: no task is
    """
    if not _stack:
        raise RuntimeError(
            "There is no current context, for no task is running here: call this from a task."
        )
    return _stack[-1]


class set_current_context:  # noqa: N801 - Airflow's name; a generator would cost each task more
    """Make ``context`` the current one in the block."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def __enter__(self) -> Context:
        _stack.append(self._context)
        return self._context

    def __exit__(self, *_: object) -> None:
        _stack.pop()


def context_merge(context: Mapping[str, Any], *additions: Mapping[str, Any], **kwargs: Any) -> None:
    """Add entries to a context in place."""
    for addition in additions:
        context.update(addition)  # type: ignore[attr-defined]
    context.update(kwargs)  # type: ignore[attr-defined]


def context_copy_partial(source: Mapping[str, Any], keys: Collection[str]) -> Context:
    """Return a context with only some of the keys."""
    return Context({k: source[k] for k in keys if k in source})


def build(workload: Workload, task: BaseOperator, ti: RuntimeTaskInstance) -> Context:
    """Return the context of an attempt."""
    context = Context(_OF_ALL)
    if workload.logical_date is not None:
        context.update(_OF_DATED_RUNS)
    context.update(
        dag=task.dag,
        task=task,
        ti=ti,
        task_instance=ti,
        run_id=workload.run_id,
        inlets=task.inlets,
        outlets=task.outlets,
        outlet_events=OutletEvents(),  # the task writes to it, so copies must share it
        map_index_template=task.map_index_template,
        task_reschedule_count=workload.reschedule_count,
        partition_key=workload.partition_key,
    )
    if task.inlets or task.outlets:
        context["asset_state_store"] = StateStoreAccessor("asset_state_store")
    return context


def _params(context: Context) -> Any:
    from slipstream.sdk.param import process_params

    given = context["dag_run"].conf
    return process_params(context["dag"], context["task"].params, given, suppress_exception=False)


def _key_text(context: Context) -> str:
    at = _at(context)
    suffix = context["run_id"] if at is None else at.strftime("%Y%m%d")
    return f"{context['dag'].dag_id}__{context['task'].task_id}__{suffix}"


def _at(context: Context) -> dt.datetime | None:
    """Return the logical date in UTC."""
    at: dt.datetime | None = context["dag_run"].raw_logical_date
    return None if at is None else at.astimezone(dt.UTC)


def _date_text(text: Callable[[dt.datetime], str]) -> Lazy:
    def compute(context: Context) -> str | None:
        at = _at(context)
        return None if at is None else text(at)

    return Lazy(compute)


# Shared by all contexts: what most tasks never read is not made for each.
_OF_ALL: dict[str, Any] = {
    "dag_run": Lazy(lambda context: context["ti"].dag_run),
    "params": Lazy(_params),
    "task_instance_key_str": Lazy(_key_text),
    "partition_date": None,
    "var": Lazy(lambda context: Variables()),
    "conn": ConnectionAccessor(),
    "macros": MacrosAccessor(),
    "inlet_events": Lazy(lambda context: InletEvents(context["inlets"])),
    "triggering_asset_events": Lazy(lambda context: TriggeringAssetEvents({})),
    "task_state_store": StateStoreAccessor("task_state_store"),
    "prev_start_date_success": Lazy(lambda context: context["ti"].previous_success("start_date")),
    "prev_end_date_success": Lazy(lambda context: context["ti"].previous_success("end_date")),
}
_OF_DATED_RUNS: dict[str, Any] = {
    "ds": _date_text(lambda at: at.strftime("%Y-%m-%d")),
    "ds_nodash": _date_text(lambda at: at.strftime("%Y%m%d")),
    "ts": _date_text(dt.datetime.isoformat),
    "ts_nodash": _date_text(lambda at: at.strftime("%Y%m%dT%H%M%S")),
    "ts_nodash_with_tz": _date_text(lambda at: at.isoformat().replace("-", "").replace(":", "")),
    "logical_date": Lazy(lambda context: context["dag_run"].logical_date),
    "data_interval_start": Lazy(lambda context: context["dag_run"].data_interval_start),
    "data_interval_end": Lazy(lambda context: context["dag_run"].data_interval_end),
    "prev_data_interval_start_success": Lazy(
        lambda context: context["ti"].previous_success("data_interval_start")
    ),
    "prev_data_interval_end_success": Lazy(
        lambda context: context["ti"].previous_success("data_interval_end")
    ),
}


AIRFLOW_VAR_NAME_FORMAT_MAPPING = {
    key: {"default": f"{key.lower().replace('airflow_ctx', 'airflow.ctx')}", "env_var_format": key}
    for key in (
        "AIRFLOW_CTX_DAG_ID",
        "AIRFLOW_CTX_TASK_ID",
        "AIRFLOW_CTX_LOGICAL_DATE",
        "AIRFLOW_CTX_TRY_NUMBER",
        "AIRFLOW_CTX_DAG_RUN_ID",
        "AIRFLOW_CTX_DAG_OWNER",
        "AIRFLOW_CTX_DAG_EMAIL",
    )
}


def context_to_environment(
    context: Mapping[str, Any], in_env_var_format: bool = True
) -> dict[str, str]:
    """Return ``AIRFLOW_CTX_DAG_ID`` and its relatives for a subprocess.

    :param in_env_var_format: names as above; else ``airflow.ctx.dag_id``
    """
    task, ti, dag_run = context.get("task"), context.get("ti"), context.get("dag_run")
    email = getattr(task, "email", None)
    logical_date = getattr(dag_run, "raw_logical_date", None)
    values: dict[str, Any] = {
        "DAG_EMAIL": ",".join(email) if isinstance(email, list | tuple | set) else email,
        "DAG_OWNER": getattr(task, "owner", None),
        "DAG_ID": getattr(ti, "dag_id", None),
        "TASK_ID": getattr(ti, "task_id", None),
        "LOGICAL_DATE": logical_date.isoformat() if logical_date is not None else None,
        "TRY_NUMBER": getattr(ti, "try_number", None),
        "DAG_RUN_ID": getattr(dag_run, "run_id", None),
    }
    prefix = "AIRFLOW_CTX_" if in_env_var_format else "airflow.ctx."
    return {
        f"{prefix}{k if in_env_var_format else k.lower()}": str(v)
        for k, v in values.items()
        if v not in (None, "")
    }


context_to_airflow_vars = context_to_environment


def context_get_outlet_events(context: Mapping[str, Any]) -> Any:
    """Return what a task records for its outlets' events.

    :raises AirflowException: outside of a task
    """
    try:
        return context["outlet_events"]
    except KeyError:
        raise AirflowException("outlet_events exist only while a task runs") from None
