"""The run that a run's ``depends_on_past`` tasks look back at, and what it allows, from rows.

What the past allows is ``machine.past``'s to say; this finds the run before and its states.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from slipstream.machine.past import PreviousRun, asks_past, satisfied_tasks
from slipstream.machine.plan import DagPlan
from slipstream.state import DagRunType
from slipstream.store import Connection, run, task_instance
from slipstream.store.row import RunRow

States = Mapping[str, Sequence[str | None]]
"""Task id to the states of its instances."""


def previous_of(conn: Connection, plan: DagPlan, row: RunRow) -> RunRow | None:
    """Return the run before by logical date; with catchup, runs made by hand are passed over.

    None when there is none, or when the run has no logical date and so no past.
    """
    if row.logical_date is None:
        return None
    before = run.previous(conn, row.dag_id, row.logical_date)
    while plan.catchup and before is not None and before.run_type == DagRunType.MANUAL:
        assert before.logical_date is not None
        before = run.previous(conn, row.dag_id, before.logical_date)
    return before


def stored_states(conn: Connection, row: RunRow) -> States:
    """Return a run's states as they are stored."""
    by_task: dict[str, list[str | None]] = defaultdict(list)
    for (task_id, _), state in task_instance.states(conn, row.id).items():
        by_task[task_id].append(state)
    return by_task


def satisfied(
    conn: Connection, plan: DagPlan, row: RunRow, before: RunRow | None, states: States
) -> frozenset[str]:
    """Return the ``depends_on_past`` tasks of a run that may run by their past.

    ``before`` is the run of ``previous_of``, ``states`` are its states.
    """
    if before is None:
        return satisfied_tasks(plan, None)
    if row.backfill_id is not None and before.backfill_id != row.backfill_id:
        return satisfied_tasks(plan, None, first_of_backfill=True)
    missing = [
        t.task_id
        for t in plan.tasks
        if t.ignore_first_depends_on_past and t.depends_on_past and t.task_id not in states
    ]
    seen: set[str] = set()
    if missing and row.logical_date is not None:
        seen = task_instance.seen_before(conn, row.dag_id, missing, row.logical_date)
    return satisfied_tasks(plan, PreviousRun(before.logical_date, states), seen_before=seen)


def satisfied_by_rows(conn: Connection, plan: DagPlan, row: RunRow) -> frozenset[str]:
    """Return ``satisfied`` from stored rows alone."""
    if not asks_past(plan):
        return frozenset()
    before = previous_of(conn, plan, row)
    states = stored_states(conn, before) if before is not None else {}
    return satisfied(conn, plan, row, before, states)
