"""The machine's records: one task instance, and the facts of the run it belongs to."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from slipstream.machine.event import TIKey
from slipstream.machine.plan import TaskPlan
from slipstream.state import DagRunState, DagRunType, TaskInstanceState


class TaskInstance:
    """One task instance of an active run; fields are the store's columns of the same names.

    Only ``RunCore.put`` writes its state.
    """

    __slots__ = (
        "attempt_id",
        "deferral",
        "end_date",
        "hostname",
        "key",
        "map_length",
        "max_tries",
        "pid",
        "queued_at",
        "reschedule_count",
        "retry_at",
        "scheduled_at",
        "skips",
        "start_date",
        "state",
        "task",
        "try_number",
    )

    def __init__(self, task: TaskPlan, map_index: int = -1) -> None:
        self.task = task
        self.key = TIKey(task.task_id, map_index)
        self.state: TaskInstanceState | None = None
        self.try_number = 0
        self.max_tries = task.retries
        self.attempt_id: str | None = None
        self.scheduled_at: datetime | None = None
        self.queued_at: datetime | None = None
        self.start_date: datetime | None = None
        self.end_date: datetime | None = None
        self.retry_at: datetime | None = None
        self.reschedule_count = 0
        self.map_length: int | None = None
        self.skips: list[str] | None = None
        self.deferral: dict[str, Any] | None = None
        self.hostname: str | None = None
        self.pid: int | None = None

    @property
    def map_index(self) -> int:
        return self.key.map_index

    @property
    def try_is_open(self) -> bool:
        """Whether the next attempt continues a try: after a reschedule or a deferral."""
        return self.reschedule_count > 0 or self.deferral is not None

    def __repr__(self) -> str:
        return f"<{self.key.task_id}[{self.key.map_index}] {self.state} try {self.try_number}>"


@dataclass(slots=True, kw_only=True)
class RunFacts:
    """What the machine is told of its run when it is made; it never changes them itself."""

    dag_run_pk: int
    run_id: str
    run_type: DagRunType = DagRunType.MANUAL
    state: DagRunState = DagRunState.QUEUED
    logical_date: datetime | None = None
    data_interval_start: datetime | None = None
    data_interval_end: datetime | None = None
    run_after: datetime | None = None
    queued_at: datetime | None = None
    start_date: datetime | None = None
    end_date: datetime | None = None
    clear_number: int = 0
    dag_version_id: str | None = None
    conf: dict[str, Any] = field(default_factory=dict)
    past_satisfied: frozenset[str] = frozenset()
    """``depends_on_past`` tasks whose past allows them to run, as far as known (see ``past``)."""
