"""What a backfill may be asked for, and which of its runs are made anew, again or not at all.

Pure rules, as Airflow 3's; ``slipstream.command.backfill`` carries them out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum

from slipstream.machine.plan import DagPlan
from slipstream.state import DagRunState
from slipstream.timetable.base import NextRun


class Reprocess(StrEnum):
    """Which dates that have a run already get it again."""

    NONE = "none"
    FAILED = "failed"
    COMPLETED = "completed"


def objection(
    plan: DagPlan,
    *,
    from_date: datetime,
    to_date: datetime,
    backwards: bool,
    reprocess: Reprocess,
    now: datetime,
) -> str | None:
    """Return why the DAG cannot be backfilled so; None if it can."""
    if from_date > to_date:
        return (
            f"The range ends before it begins: from_date is {from_date.isoformat()}, "
            f"to_date {to_date.isoformat()}."
        )
    if from_date >= now:
        return (
            f"from_date {from_date.isoformat()} lies in the future: a backfill makes up for "
            "runs of the past."
        )
    if not any(task.depends_on_past for task in plan.tasks):
        return None
    if backwards:
        return (
            "The DAG has tasks that wait for their previous run (depends_on_past): "
            "run the backfill forwards."
        )
    if reprocess is Reprocess.NONE:
        return (
            "The DAG has tasks that wait for their previous run (depends_on_past), which may have "
            "failed: set the reprocess behavior to failed or completed."
        )
    return None


def in_order(runs: Iterable[NextRun], now: datetime, *, backwards: bool) -> Sequence[NextRun]:
    """Return the runs of a range, oldest first, in the order in which they start.

    Those whose data interval is not over yet belong to the schedule.
    """
    found = [run for run in runs if run.data_interval.end < now]
    return found[::-1] if backwards else found


def is_wanted(state: str | None, reprocess: Reprocess) -> bool:
    """Say whether a date's run is made; ``state`` is that of the run it has, None without one."""
    if state is None:
        return True
    if state == DagRunState.FAILED:
        return reprocess is not Reprocess.NONE
    return state == DagRunState.SUCCESS and reprocess is Reprocess.COMPLETED
