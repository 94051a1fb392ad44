"""``depends_on_past`` and ``wait_for_downstream``: what the previous run says of a task.

Pure questions about another run's states; the scheduler finds that run, asks here, and tells the
machine by ``RunFacts.past_satisfied`` and ``PastChanged``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from slipstream.machine.event import TIKey
from slipstream.machine.plan import DagPlan, TaskPlan
from slipstream.state import SUCCESS_STATES

States = Sequence[str | None]


@dataclass(frozen=True, slots=True)
class PreviousRun:
    """The run before this one by logical date.

    With ``catchup`` manual runs do not count as previous; without it any run does.
    """

    logical_date: datetime | None
    states: Mapping[str, States]
    """Task id -> the states of its instances; tasks without any are absent."""


def asks_past(plan: DagPlan) -> bool:
    """Whether any task of the DAG depends on its past."""
    return any(t.depends_on_past for t in plan.tasks)


def satisfied_tasks(
    plan: DagPlan,
    previous: PreviousRun | None,
    *,
    seen_before: Iterable[str] = (),
    first_of_backfill: bool = False,
) -> frozenset[str]:
    """Return the tasks that depend on their past and may run by it.

    ``seen_before`` are the task ids with an instance in any earlier run; it matters only for
    ``ignore_first_depends_on_past``.
    """
    seen = frozenset(seen_before)
    return frozenset(
        t.task_id
        for t in plan.tasks
        if t.depends_on_past and (first_of_backfill or allows(plan, t, previous, t.task_id in seen))
    )


def allows(
    plan: DagPlan, task: TaskPlan, previous: PreviousRun | None, was_seen_before: bool
) -> bool:
    """Whether the previous run lets a task run.

    As Airflow 3: the first run is free, and so is (with catchup) one whose previous run was
    before the task's start date; an instance that is missing there holds, unless
    ``ignore_first_depends_on_past`` and there never was one.
    """
    if previous is None:
        return True
    if (
        plan.catchup
        and task.start_date is not None
        and previous.logical_date is not None
        and previous.logical_date < task.start_date
    ):
        return True
    states = previous.states.get(task.task_id)
    if not states:
        return task.ignore_first_depends_on_past and not was_seen_before
    if not _all_good(states):
        return False
    if task.wait_for_downstream:
        return all(
            _all_good(previous.states.get(plan.tasks[d].task_id, ()))
            for d in plan.downstream[task.index]
        )
    return True


def _all_good(states: States) -> bool:
    return all(s in SUCCESS_STATES for s in states)


def affected(plan: DagPlan, changed: Iterable[TIKey]) -> frozenset[str]:
    """Return the tasks whose next run's instances these changes of state may release."""
    found = set()
    for key in changed:
        i = plan.index.get(key.task_id)
        if i is None:
            continue
        if plan.tasks[i].depends_on_past:
            found.add(key.task_id)
        found |= {
            plan.tasks[u].task_id for u in plan.upstream[i] if plan.tasks[u].wait_for_downstream
        }
    return frozenset(found)
