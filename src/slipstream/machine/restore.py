"""From stored rows back to a machine, reconciled with the plan.

The database is the truth: a state that it holds is taken as it is, and only what the plan no
longer has (or has again) is changed.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Protocol

from slipstream.machine.core import RunCore
from slipstream.machine.decision import Decision, StoryEvent, TaskInstanceChange
from slipstream.machine.event import TIKey
from slipstream.machine.instance import TaskInstance
from slipstream.machine.mapping import literal_count
from slipstream.machine.on_attempt import remember_skips
from slipstream.state import EXECUTING_STATES, TERMINAL_STATES
from slipstream.state import TaskInstanceState as S


class Row(Protocol):
    """The columns of ``task_instance`` that the machine reads, JSON decoded."""

    @property
    def task_id(self) -> str: ...
    @property
    def map_index(self) -> int: ...
    @property
    def state(self) -> str | None: ...


COLUMNS = (
    "try_number",
    "max_tries",
    "attempt_id",
    "scheduled_at",
    "queued_at",
    "start_date",
    "end_date",
    "retry_at",
    "reschedule_count",
    "map_length",
    "skips",
    "deferral",
    "hostname",
    "pid",
)


class _Kept:
    """A row made of an instance that is in memory already."""

    def __init__(self, ti: TaskInstance) -> None:
        self.task_id, self.map_index = ti.key
        self.state = ti.state
        for name in COLUMNS:
            setattr(self, name, getattr(ti, name))


def from_instance(ti: TaskInstance) -> Row:
    """Return an instance as a row, to be loaded under another plan."""
    return _Kept(ti)


def load(core: RunCore, rows: Iterable[Row], now: datetime, d: Decision) -> None:
    """Take the rows in; those of tasks that are gone become ``removed``, of returned ones fresh."""
    known = sorted(
        (r for r in rows if _belongs(core, r, now, d)),
        key=lambda r: (core.plan.index[r.task_id], r.map_index),
    )
    for row in known:
        ti = TaskInstance(core.plan.task(row.task_id), row.map_index)
        ti.state = S(row.state) if row.state is not None else None
        for name in COLUMNS:
            value = getattr(row, name)
            if value is not None:  # what an instance has from the start
                setattr(ti, name, value)
        core.add(ti)
    for ti in list(core.tis.values()):
        if ti.skips and ti.state in TERMINAL_STATES:
            remember_skips(core, ti)
        if ti.state is S.REMOVED and _is_back(core, ti):
            core.put(ti, None, d, end_date=None, start_date=None)
            core.tell(ti, "restored", S.REMOVED, d, "its task is back in the DAG")
    for instances in core.by_task:
        if len(instances) > 1 and instances[0].map_index < 0:
            # A mapped task whose summary row outlived its expansion.
            core.drop(instances[0], d)


def _belongs(core: RunCore, row: Row, now: datetime, d: Decision) -> bool:
    i = core.plan.index.get(row.task_id)
    key = TIKey(row.task_id, row.map_index)
    if i is not None and (row.map_index < 0 or core.plan.tasks[i].is_expanded):
        return True
    if row.state != S.REMOVED:
        values: dict[str, Any] = {"state": S.REMOVED}
        attempt_id: str | None = getattr(row, "attempt_id", None)
        if row.state in EXECUTING_STATES and attempt_id is not None:
            d.cancel[attempt_id] = "its task is not in the DAG any more"
            d.closed[attempt_id] = S.REMOVED
        if row.state not in TERMINAL_STATES:
            values["end_date"] = now
        d.changes[key] = TaskInstanceChange(key, values)
        d.story.append(
            StoryEvent(key, "removed", row.state, S.REMOVED, None, "its task is not in the DAG")
        )
    return False


def _is_back(core: RunCore, ti: TaskInstance) -> bool:
    """Whether a removed instance has its place again (not one that mapping shrank away)."""
    if not ti.task.is_expanded:
        return ti.map_index < 0
    n = literal_count(core.plan, ti.task)
    return ti.map_index >= 0 and n is not None and ti.map_index < n


def announce(core: RunCore, d: Decision) -> None:
    """List what is ready and what waits for a time, for a scheduler that has just begun."""
    listed = set(d.ready)
    d.ready += [
        ti.key for ti in core.tis.values() if ti.state is S.SCHEDULED and ti.key not in listed
    ]
    deferred = (ti for ti in core.tis.values() if ti.state is S.DEFERRED)
    timed = (*core.delayed.values(), *deferred)
    d.timers += [(ti.retry_at, ti.key) for ti in timed if ti.retry_at is not None]
