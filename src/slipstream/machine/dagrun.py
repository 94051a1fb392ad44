"""Which dag runs to create and which queued ones to start: pure decisions on counts and dates.

The timetable says when; this module adds the limits. Who creates and numbers the rows is the
scheduler.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from slipstream.state import DagRunType
from slipstream.timetable.base import DataInterval, NextRun, Timetable, Window
from slipstream.timetable.run_id import of_timetable


@dataclass(frozen=True, slots=True)
class RunDue:
    """A scheduled run to create now."""

    run_id: str
    logical_date: datetime
    data_interval: DataInterval
    run_after: datetime


@dataclass(slots=True)
class Due:
    """Runs to create now, and what comes after them."""

    create: list[RunDue] = field(default_factory=list)
    next: NextRun | None = None
    """The first run that is not created now; its ``run_after`` is the next timer."""
    held: bool = False
    """True when ``next`` is due already and waits for max_active_runs."""


def due(
    timetable: Timetable,
    window: Window,
    *,
    last: DataInterval | None,
    n_active: int,
    max_active_runs: int,
    now: datetime,
    at_most: int = 10,
) -> Due:
    """Decide which scheduled runs to create.

    ``last`` is the newest automated run's data interval; ``n_active`` counts the DAG's queued
    and running runs, backfills excluded (as Airflow 3: a backfill has its own limit).
    ``at_most`` bounds one turn, so that one DAG's catchup leaves time for the others.
    """
    limit = max_active_runs
    if timetable.active_runs_limit is not None:
        limit = (
            min(limit, timetable.active_runs_limit) if limit > 0 else timetable.active_runs_limit
        )
    result = Due()
    while True:
        result.next = timetable.next_run(last, window.earliest, window.latest, window.catchup, now)
        if result.next and last and last.end <= now < last.end + timetable.least_gap:
            result.next = NextRun.after(result.next.logical_date, last.end + timetable.least_gap)
        if result.next is None or result.next.run_after > now:
            return result
        if n_active >= limit > 0:
            result.held = True
            return result
        if len(result.create) == at_most:
            return result
        run = result.next
        result.create.append(
            RunDue(
                of_timetable(DagRunType.SCHEDULED, run.run_after),
                run.logical_date,
                run.data_interval,
                run.run_after,
            )
        )
        last = run.data_interval
        n_active += 1


@dataclass(frozen=True, slots=True)
class QueuedRun:
    """A run that waits to start."""

    dag_run_pk: int
    dag_id: str
    run_after: datetime
    max_active_runs: int
    """The DAG's limit, or the backfill's own; 0: none."""
    backfill_id: int | None = None


def startable(
    queued: Iterable[QueuedRun], n_running: Mapping[tuple[str, int | None], int], now: datetime
) -> list[QueuedRun]:
    """Return the queued runs that may start now, the oldest first.

    ``n_running`` counts running runs per (DAG, backfill id); as in Airflow 3 each backfill has
    its own limit beside the DAG's. Paused DAGs' runs are the caller's to leave out.
    """
    counts = dict(n_running)
    chosen = []
    for run in sorted(queued, key=lambda r: (r.run_after, r.dag_run_pk)):
        if run.run_after > now:
            continue
        scope = (run.dag_id, run.backfill_id)
        n = counts.get(scope, 0)
        if n < run.max_active_runs or run.max_active_runs <= 0:
            counts[scope] = n + 1
            chosen.append(run)
    return chosen
