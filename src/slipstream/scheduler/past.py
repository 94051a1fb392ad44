"""``depends_on_past`` across runs: finds the run before, and tells machines what it has done.

What the past allows is ``machine.past``'s to say; this finds the two runs and passes on changes.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from slipstream.machine.decision import Decision
from slipstream.machine.event import PastChanged
from slipstream.machine.past import PreviousRun, affected, asks_past, satisfied_tasks
from slipstream.machine.plan import DagPlan
from slipstream.scheduler.book import ActiveRun
from slipstream.state import DagRunType
from slipstream.store import Connection, run, task_instance
from slipstream.store.row import RunRow

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
    before = _previous_of(turn.conn, plan, row)
    if before is None:
        return satisfied_tasks(plan, None)
    if row.backfill_id is not None and before.backfill_id != row.backfill_id:
        return satisfied_tasks(plan, None, first_of_backfill=True)
    turn.world.past.set(run_.pk, before.id)
    by_task: dict[str, list[str | None]] = defaultdict(list)
    active = turn.world.book.active.get(before.id)
    if active is not None:
        for key, ti in active.machine.tis.items():
            by_task[key.task_id].append(ti.state)
    else:
        for (task_id, _), state in task_instance.states(turn.conn, before.id).items():
            by_task[task_id].append(state)
    missing = [
        t.task_id
        for t in plan.tasks
        if t.ignore_first_depends_on_past and t.depends_on_past and t.task_id not in by_task
    ]
    seen: set[str] = set()
    if missing and row.logical_date is not None:
        seen = task_instance.seen_before(turn.conn, row.dag_id, missing, row.logical_date)
    return satisfied_tasks(plan, PreviousRun(before.logical_date, by_task), seen_before=seen)


def _previous_of(conn: Connection, plan: DagPlan, row: RunRow) -> RunRow | None:
    """Return the run before by logical date; with catchup, runs made by hand are passed over."""
    if row.logical_date is None:
        return None
    before = run.previous(conn, row.dag_id, row.logical_date)
    while plan.catchup and before is not None and before.run_type == DagRunType.MANUAL:
        assert before.logical_date is not None
        before = run.previous(conn, row.dag_id, before.logical_date)
    return before
