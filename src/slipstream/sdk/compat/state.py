"""``State``: all states as one class's attributes, with sets and colours."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from slipstream.state import DagRunState, TaskInstanceState


class JobState(StrEnum):
    RUNNING = "running"
    SUCCESS = "success"
    RESTARTING = "restarting"
    FAILED = "failed"


class TerminalTIState(StrEnum):
    SUCCESS = "success"
    FAILED = "failed"
    SKIPPED = "skipped"
    UPSTREAM_FAILED = "upstream_failed"
    REMOVED = "removed"


class State:
    """Airflow's catalogue of states."""

    SUCCESS = TaskInstanceState.SUCCESS
    RUNNING = TaskInstanceState.RUNNING
    FAILED = TaskInstanceState.FAILED
    NONE = None
    REMOVED = TaskInstanceState.REMOVED
    SCHEDULED = TaskInstanceState.SCHEDULED
    QUEUED = TaskInstanceState.QUEUED
    RESTARTING = TaskInstanceState.RESTARTING
    UP_FOR_RETRY = TaskInstanceState.UP_FOR_RETRY
    UP_FOR_RESCHEDULE = TaskInstanceState.UP_FOR_RESCHEDULE
    UPSTREAM_FAILED = TaskInstanceState.UPSTREAM_FAILED
    SKIPPED = TaskInstanceState.SKIPPED
    DEFERRED = TaskInstanceState.DEFERRED
    AWAITING_INPUT = TaskInstanceState.AWAITING_INPUT

    finished_dr_states: ClassVar[frozenset[DagRunState]] = frozenset(
        {DagRunState.SUCCESS, DagRunState.FAILED}
    )
    unfinished_dr_states: ClassVar[frozenset[DagRunState]] = frozenset(
        {DagRunState.QUEUED, DagRunState.RUNNING}
    )
    task_states: ClassVar[tuple[TaskInstanceState | None, ...]] = (None, *TaskInstanceState)
    dag_states: ClassVar[tuple[DagRunState, ...]] = tuple(DagRunState)
    finished: ClassVar[frozenset[TaskInstanceState]] = frozenset(
        {SUCCESS, FAILED, SKIPPED, UPSTREAM_FAILED, REMOVED}
    )
    unfinished: ClassVar[frozenset[TaskInstanceState | None]] = frozenset(
        {
            NONE,
            SCHEDULED,
            QUEUED,
            RUNNING,
            RESTARTING,
            UP_FOR_RETRY,
            UP_FOR_RESCHEDULE,
            DEFERRED,
            AWAITING_INPUT,
        }
    )
    failed_states: ClassVar[frozenset[TaskInstanceState]] = frozenset({FAILED, UPSTREAM_FAILED})
    success_states: ClassVar[frozenset[TaskInstanceState]] = frozenset({SUCCESS, SKIPPED})
    adoptable_states: ClassVar[frozenset[TaskInstanceState]] = frozenset(
        {QUEUED, RUNNING, RESTARTING}
    )
    terminating_states: ClassVar[frozenset[TaskInstanceState]] = frozenset({RESTARTING})
    ti_states: ClassVar[frozenset[TaskInstanceState]] = frozenset(TaskInstanceState)
    dr_states: ClassVar[frozenset[DagRunState]] = frozenset(DagRunState)
    state_color: ClassVar[dict[str | None, str]] = {
        None: "lightblue",
        "queued": "gray",
        "running": "lime",
        "success": "green",
        "failed": "red",
        "up_for_retry": "gold",
        "up_for_reschedule": "turquoise",
        "upstream_failed": "orange",
        "skipped": "hotpink",
        "removed": "lightgrey",
        "scheduled": "tan",
        "deferred": "mediumpurple",
        "restarting": "violet",
        "awaiting_input": "darkorange",
    }

    @classmethod
    def color(cls, state: str | None) -> str:
        """Return the state's colour."""
        return cls.state_color.get(state, "white")
