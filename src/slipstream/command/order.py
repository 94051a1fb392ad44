"""Orders: the scheduler's inbox messages as typed values, and the machine events they ask for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from slipstream.machine.event import (
    Cleared,
    Deleted,
    Event,
    Marked,
    RunMarked,
    TIKey,
    TriggerFired,
)
from slipstream.state import DagRunState, TaskInstanceState

SCHEDULER = "scheduler"
DAG_PROCESSOR = "dag_processor"


@dataclass(frozen=True, slots=True)
class Order:
    """One inbox message to the scheduler, not yet posted."""

    kind: str
    dag_id: str
    dag_run_pk: int | None = None
    payload: dict[str, Any] = field(default_factory=dict)


def clear_order(
    dag_id: str, dag_run_pk: int, keys: Iterable[TIKey], *, reset_run: bool, by: str
) -> Order:
    """Return the order to run ``keys`` of a run again."""
    payload = {"keys": [list(k) for k in keys], "reset_run": reset_run, "by": by}
    return Order("clear", dag_id, dag_run_pk, payload)


def mark_order(
    dag_id: str, dag_run_pk: int, keys: Iterable[TIKey], state: TaskInstanceState, *, by: str
) -> Order:
    """Return the order to set ``keys`` of a run to ``state``."""
    payload = {"keys": [list(k) for k in keys], "state": state.value, "by": by}
    return Order("mark_ti", dag_id, dag_run_pk, payload)


def mark_run_order(dag_id: str, dag_run_pk: int, state: DagRunState, *, by: str) -> Order:
    """Return the order to set a run's state."""
    return Order("mark_run", dag_id, dag_run_pk, {"state": state.value, "by": by})


def delete_order(dag_id: str, dag_run_pk: int, keys: Iterable[TIKey], *, by: str) -> Order:
    """Return the order to delete ``keys`` of a run."""
    return Order("delete_ti", dag_id, dag_run_pk, {"keys": [list(k) for k in keys], "by": by})


def event_of(kind: str, payload: dict[str, Any]) -> Event | None:
    """Return the event that an order's kind and payload ask of the run's machine.

    None for kinds that are not about the inside of one run (``run_created``, ``dag_changed``, …).
    """
    match kind:
        case "clear":
            return Cleared(_keys(payload), payload.get("reset_run", True), payload.get("by", ""))
        case "mark_ti":
            state = TaskInstanceState(payload["state"])
            return Marked(_keys(payload), state, payload.get("by", ""))
        case "delete_ti":
            return Deleted(_keys(payload), payload.get("by", ""))
        case "mark_run":
            return RunMarked(DagRunState(payload["state"]), payload.get("by", ""))
        case "trigger_fired":
            [key] = _keys(payload)
            ends_in = payload.get("state")
            return TriggerFired(
                key,
                payload["attempt_id"],
                payload.get("next_method", ""),
                payload.get("next_kwargs", {}),
                ends_in and TaskInstanceState(ends_in),
            )
    return None


def _keys(payload: dict[str, Any]) -> tuple[TIKey, ...]:
    return tuple(TIKey(task_id, map_index) for task_id, map_index in payload["keys"])
