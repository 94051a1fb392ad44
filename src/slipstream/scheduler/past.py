"""``depends_on_past`` across active runs: tells machines what the run before them has done.

Who that run is, and what it allows, are for ``command.past`` and ``machine.past`` to say; this
passes changes on while both runs are in memory.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from slipstream.command.past import States, previous_of, satisfied, stored_states
from slipstream.machine.decision import Decision
from slipstream.machine.event import PastChanged
from slipstream.machine.past import affected, asks_past
from slipstream.scheduler.book import ActiveRun
from slipstream.store import run

if TYPE_CHECKING:
    from slipstream.scheduler.turn import Turn


class PastLinks:
    """Which active run looks back at which run."""

    def __init__(self) -> None:
        self._follower: dict[int, int] = {}
        self._previous: dict[int, int] = {}

    def set(self, pk: int, previous: int) -> None:
        """Note that run ``pk`` hangs on run ``previous``."""
        self.drop(pk)
        self._follower[previous] = pk
        self._previous[pk] = previous

    def follower(self, pk: int) -> int | None:
        """Return the active run that hangs on this one."""
        return self._follower.get(pk)

    def drop(self, pk: int) -> None:
        """Forget what a run hangs on. Who hangs on it stays: it may be cleared and run again."""
        previous = self._previous.pop(pk, None)
        if previous is not None and self._follower.get(previous) == pk:
            del self._follower[previous]


def link(turn: Turn, run_: ActiveRun) -> None:
    """Tell a run that was just loaded about its past, and the run after it about this one."""
    if not asks_past(run_.machine.plan):
        return
    _tell(turn, run_)
    if run_.row.logical_date is None:
        return
    after = run.next_after(turn.conn, run_.row.dag_id, run_.row.logical_date)
    follower = turn.world.book.active.get(after.id) if after is not None else None
    if follower is not None:
        _tell(turn, follower)


def changed(turn: Turn, run_: ActiveRun, decided: Decision) -> None:
    """Pass changes of states on to the run that hangs on this one."""
    pk = turn.world.past.follower(run_.pk)
    follower = turn.world.book.active.get(pk) if pk is not None else None
    if follower is None:
        return
    moved = [key for key, change in decided.changes.items() if "state" in change.values]
    if moved and affected(follower.machine.plan, moved):
        _tell(turn, follower)


def _tell(turn: Turn, run_: ActiveRun) -> None:
    plan, machine = run_.machine.plan, run_.machine
    good = _satisfied(turn, run_)
    for task in plan.tasks:
        if task.depends_on_past and (task.task_id in good) != (
            task.task_id in machine.past_satisfied
        ):
            turn.step(run_, PastChanged(task.task_id, task.task_id in good))


def _satisfied(turn: Turn, run_: ActiveRun) -> frozenset[str]:
    plan, row = run_.machine.plan, run_.row
    before = previous_of(turn.conn, plan, row)
    states: States = {}
    if before is not None:
        turn.world.past.set(run_.pk, before.id)
        active = turn.world.book.active.get(before.id)
        states = _states_of(active) if active is not None else stored_states(turn.conn, before)
    return satisfied(turn.conn, plan, row, before, states)


def _states_of(active: ActiveRun) -> States:
    by_task: dict[str, list[str | None]] = defaultdict(list)
    for key, ti in active.machine.tis.items():
        by_task[key.task_id].append(ti.state)
    return by_task
