"""An attempt's two halves: the workload that goes out and the outcome that comes back.

Both are plain data that cross process and machine borders as JSON (``to_json``, ``from_json``);
the attempt id in both is the fencing token.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import Any, ClassVar, Self

from slipstream.state import TaskInstanceState

RESUME_TO_FAIL = "__fail__"
"""The ``next_method`` of a deferral that came to nothing: the process resumes only to raise why."""

_last_ms_and_counter = [0, 0]


def new_id() -> str:
    """Return a UUIDv7 as text: time-ordered, and monotonic within this process."""
    ms = time.time_ns() // 1_000_000
    last, counter = _last_ms_and_counter
    if ms <= last:
        ms, counter = last, counter + 1
        if counter > 0xFFF:
            ms, counter = ms + 1, 0
    else:
        counter = 0
    _last_ms_and_counter[:] = [ms, counter]
    rand = int.from_bytes(os.urandom(8)) & 0x3FFF_FFFF_FFFF_FFFF
    value = (ms & 0xFFFF_FFFF_FFFF) << 80 | 0x7 << 76 | counter << 64 | 0x2 << 62 | rand
    # Not by the uuid module: each task process would carry what it imports.
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


@cache
def _fields(kind: type[_Wire]) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]:
    """Return the names of a class's fields, and what reads all of them from an instance."""
    names = tuple(kind.__dataclass_fields__)
    return names, attrgetter(*names)


class _Wire:
    """JSON form of a flat dataclass whose datetime fields are listed in ``_DATETIMES``."""

    _DATETIMES: frozenset[str] = frozenset()
    __dataclass_fields__: ClassVar[dict[str, Any]]

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready dict; fields that hold None are left out."""
        kind: Any = type(self)
        names, values_of = _fields(kind)  # this is done for every attempt
        values = zip(names, values_of(self), strict=True)
        data = {name: value for name, value in values if value is not None}
        for name in self._DATETIMES & data.keys():
            data[name] = data[name].isoformat()
        return data

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Build from ``to_json``'s form; keys of a newer version are ignored."""
        known = cls.__dataclass_fields__  # not fields(): this is done for every attempt
        return cls(
            **{
                k: datetime.fromisoformat(v) if k in cls._DATETIMES and v is not None else v
                for k, v in data.items()
                if k in known
            }
        )


@dataclass(slots=True, kw_only=True)
class Workload(_Wire):
    """All that a worker host needs to run one attempt, so that a start reads no database."""

    _DATETIMES = frozenset(
        {
            "logical_date",
            "data_interval_start",
            "data_interval_end",
            "run_after",
            "run_start_date",
            "first_started_at",
        }
    )

    attempt_id: str
    kind: str = "task"
    """``task``, or ``dag_callback`` (run-level callbacks, ``callback`` says which)."""
    dag_id: str
    run_id: str
    dag_run_pk: int
    """``dag_run.id`` in the store."""
    task_id: str = ""
    map_index: int = -1
    try_number: int = 1
    max_tries: int = 0
    """Retries allowed: the last try has number ``max_tries + 1``."""
    queue: str = "default"
    executor: str | None = None
    pool: str = "default_pool"
    pool_slots: int = 1
    priority_weight: int = 1
    bundle_name: str = "dags-folder"
    bundle_version: str | None = None
    relative_fileloc: str
    dag_version_id: str | None = None
    log_path: str = ""
    """Below ``[logging] base_log_folder``."""
    execution_timeout_s: float | None = None
    run_type: str = "manual"
    logical_date: datetime | None = None
    data_interval_start: datetime | None = None
    data_interval_end: datetime | None = None
    run_after: datetime | None = None
    run_start_date: datetime | None = None
    first_started_at: datetime | None = None
    """Start of this try's first execution (a rescheduled sensor starts several times)."""
    reschedule_count: int = 0
    conf: dict[str, Any] = field(default_factory=dict)
    triggered_by: str | None = None
    triggering_user: str | None = None
    partition_key: str | None = None
    next_method: str | None = None
    """Deferral: the method to resume in, with ``next_kwargs``; or RESUME_TO_FAIL."""
    next_kwargs: dict[str, Any] | None = None
    callback: str | None = None
    """``dag_callback`` only: ``success`` or ``failure``; ``callback_reason`` says why."""
    callback_reason: str | None = None
    token: str | None = None
    """Execution API token; only for remote hosts."""


@dataclass(slots=True, kw_only=True)
class Outcome(_Wire):
    """How an attempt ended, as the worker host reports it; ``machine`` decides what follows."""

    _DATETIMES = frozenset({"started_at", "ended_at", "reschedule_at"})

    attempt_id: str
    state: TaskInstanceState
    """One of success, failed, skipped, up_for_reschedule, deferred."""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    retryable: bool = True
    """False: fail now, whatever retries are left (AirflowFailException)."""
    host_lost: bool = False
    """The process or its host vanished; nobody saw the task end."""
    error: str | None = None
    """One line for people: exception type and message, or how the process ended."""
    xcoms: list[dict[str, Any]] | None = None
    """``{"key", "value", "map_index"?, "task_id"?}``; written in the finish's transaction."""
    skip: list[str] | None = None
    """Downstream task ids to skip at once (branching, short circuit); remembered for clears."""
    map_length: int | None = None
    """Length of the return value when a downstream task maps over it."""
    rendered_fields: dict[str, Any] | None = None
    reschedule_at: datetime | None = None
    defer: dict[str, Any] | None = None
    outlet_events: list[dict[str, Any]] | None = None
    exit_code: int | None = None
    signal: int | None = None
    max_rss_kb: int | None = None
    callbacks_done: bool = True
    """False when the process died before it could run the task's own callbacks."""
    log_lost: str | None = None
    """Why its log is not whole, such as a full disk, which nobody could write there."""
    token: str | None = None
    """Execution API token; only on its way from a remote host."""

    def __post_init__(self) -> None:
        if type(self.state) is not TaskInstanceState:  # JSON gives its text
            self.state = TaskInstanceState(self.state)
