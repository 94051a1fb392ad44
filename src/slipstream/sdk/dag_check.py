"""Checks of a DAG whose tasks are all there; the canonical order comes with that for cycles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipstream.sdk.exceptions import AirflowDagCycleException
from slipstream.state import TriggerRule

if TYPE_CHECKING:
    from slipstream.sdk.dag import DAG
    from slipstream.sdk.operator import BaseOperator


def canonical_order(dag: DAG) -> tuple[BaseOperator, ...]:
    """Return the tasks, each after its upstreams, in an order that does not hang on the file's.

    :raises AirflowDagCycleException: the dependencies form a cycle
    """
    waits = {i: len(t.upstream_task_ids) for i, t in dag.task_dict.items()}
    ready = sorted(i for i, n in waits.items() if not n)
    ordered: list[BaseOperator] = []
    for i in ready:
        task = dag.task_dict[i]
        ordered.append(task)
        for d in sorted(task.downstream_task_ids):
            waits[d] -= 1
            if not waits[d]:
                ready.append(d)
    if len(ordered) < len(dag.task_dict):
        stuck = next(i for i, n in waits.items() if n)
        raise AirflowDagCycleException(
            f"DAG {dag.dag_id!r} has a circle of tasks that wait for each other: {stuck!r} is one "
            "of them"
        )
    return tuple(ordered)


def check_setups(dag: DAG) -> None:
    """Check that setups are followed by all_success tasks only.

    :raises ValueError: one is not
    """
    for task in dag.task_dict.values():
        if not task.is_setup:
            continue
        for down in task.downstream_list:
            if not down.is_teardown and down.trigger_rule != TriggerRule.ALL_SUCCESS:
                raise ValueError(
                    f"Task {down.task_id!r} follows the setup {task.task_id!r} and has the trigger "
                    "rule "
                    f"{down.trigger_rule}: it must have all_success"
                )


def check_params(dag: DAG) -> None:
    """Check that a DAG which runs by itself has a valid default for each param.

    :raises ValueError: naming the param
    """
    if not dag.timetable.can_be_scheduled:
        return
    for name, param in dag.params.items():
        if not param.has_value and "null" not in (param.schema.get("type") or ()):
            raise ValueError(
                f"DAG {dag.dag_id!r} has a schedule, so its param {name!r} needs a default."
            )
    dag.params.validate()
