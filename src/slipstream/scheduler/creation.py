"""Dag runs that timetables make: creates those that are due and says when the next one is.

A built-in timetable is computed here. A custom one is user code: a message asks the DAG processor
for its next run, and ``dag_changed`` says that it stands in the DAG's row.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from slipstream import timetable
from slipstream.command.order import DAG_PROCESSOR
from slipstream.command.trigger import insert
from slipstream.errors import DuplicateRun, SlipstreamError, StoreUnavailable
from slipstream.machine.dagrun import RunDue, due
from slipstream.machine.mapping import first_size
from slipstream.scheduler.catalog import Plan
from slipstream.scheduler.lease import LeaseLost
from slipstream.scheduler.settings import Settings
from slipstream.scheduler.share import Share
from slipstream.state import DagRunTriggeredByType, DagRunType
from slipstream.store import Connection, dag, inbox, run
from slipstream.store.row import DagRow, RunRow
from slipstream.store.run import NewRun
from slipstream.timetable import DataInterval, NextRun
from slipstream.timetable.run_id import of_timetable

if TYPE_CHECKING:
    from slipstream.scheduler.turn import Turn

log = logging.getLogger(__name__)

_RUNS_PER_DAG = 10
"""Created for one DAG in one turn: one DAG's catchup leaves time for the others."""


def create_due(turn: Turn) -> int:
    """Create the automated runs that are due, at most a turn's share; return how many.

    A transaction of its own: a crash after it leaves queued runs, which is what it made.
    """
    world = turn.world
    due_at = world.catalog.next_due_at()
    if due_at is None or due_at > turn.now or not world.settings.use_job_schedule:
        return 0
    jobs: list[_Job] = []
    share = Share(world.settings.share_s)
    while len(jobs) < world.settings.runs_per_turn and not (jobs and share.is_over):
        row = next(iter(world.catalog.pop_due(turn.now, 1)), None)
        if row is None:
            break
        try:
            plan = world.catalog.plan(turn.conn, row.dag_id)
        except StoreUnavailable:
            raise
        except SlipstreamError as error:
            log.error("DAG %s: no run is created: %s", row.dag_id, error)
            continue
        n_active = world.book.n_unfinished(row.dag_id)
        if n_active < plan.plan.max_active_runs or plan.plan.max_active_runs <= 0:
            is_small = first_size(plan.plan) <= world.settings.changes_per_turn
            jobs.append(_Job(row, plan, n_active, is_small))
        # Else the end of one of its runs puts it back.
    if not jobs:
        return 0
    turn.close()  # a reader that stays open would keep SQLite's log from being trimmed
    n_created = _write(turn, jobs)
    # They have no owner yet: claimed like all others, none is forgotten, whatever goes wrong here.
    world.claim_soon |= n_created > 0
    world.catalog.refresh(turn.conn, [job.row.dag_id for job in jobs])
    if any(job.row.has_custom_timetable for job in jobs):
        world.store.wake(DAG_PROCESSOR)
    return n_created


def _write(turn: Turn, jobs: list[_Job]) -> int:
    """Create the runs of all jobs in one transaction; if that fails, those of each in its own."""
    try:
        return turn.world.write(_create, jobs, turn.now, turn.world.settings)
    except (StoreUnavailable, LeaseLost):
        raise
    except DuplicateRun as error:
        # Somebody made a run of the same date at the same moment; the next turn sees it.
        log.info("%s", error)
        return 0
    except Exception:
        if len(jobs) > 1:
            return sum(_write(turn, [job]) for job in jobs)
        log.exception("DAG %s: its next run cannot be created", jobs[0].row.dag_id)
        turn.world.write(dag.set_next_run, jobs[0].row.dag_id, None)
        return 0


Statement = Callable[[Connection], object]


def plan_next(turn: Turn, row: DagRow, plan: Plan, newest: RunRow | None) -> Statement | None:
    """Return the statement that sets a DAG's next run anew, since the DAG has changed.

    ``newest`` is its newest automated run.

    Without catchup, a next run that has long been due moves to the newest interval, as Airflow's
    does while a DAG is paused.
    """
    world = turn.world
    if row.is_stale:
        return None
    last = interval_of(newest) if newest is not None else None
    if plan.plan.timetable["type"] == timetable.CUSTOM:
        # The answer is a dag_changed too: ask once a version, and again after a pause.
        if row.is_paused:
            world.asked_next.pop(row.dag_id, None)
        elif world.asked_next.get(row.dag_id) != plan.version_id:
            world.asked_next[row.dag_id] = plan.version_id
            turn.batch.wake.add(DAG_PROCESSOR)
            return lambda conn: _ask_next(conn, row.dag_id, last, turn.now)
        return None
    window = plan.window
    following = _built(plan).next_run(
        last, window.earliest, window.latest, window.catchup, turn.now
    )
    if following == next_of(row):
        return None
    world.catalog.put([with_next(row, following)])
    return lambda conn: dag.set_next_run(conn, row.dag_id, following)


def write_all(turn: Turn, statements: Sequence[Statement]) -> None:
    """Write next runs at once: run creation in the same turn goes on from them."""
    if not statements:
        return

    def write(conn: Connection) -> None:
        for statement in statements:
            statement(conn)

    turn.close()
    turn.world.write(write)


@dataclass(frozen=True, slots=True)
class _Job:
    """A DAG whose next run is due, and how many unfinished runs it has."""

    row: DagRow
    plan: Plan
    n_active: int
    is_small: bool
    """Its runs are created with their task instances; else those are made turn by turn."""


def _create(conn: Connection, jobs: list[_Job], now: datetime, settings: Settings) -> int:
    """Create runs until the share is over; a DAG that is not reached keeps its next run."""
    n_created = 0
    share = Share(settings.share_s)
    rows = dag.get_many(conn, [job.row.dag_id for job in jobs])
    for job in jobs:
        if n_created and share.is_over:
            break
        row = rows.get(job.row.dag_id)
        if row is None or row.is_paused:
            continue  # since a moment ago, as when too many runs failed: dag_changed is under way
        if job.plan.plan.timetable["type"] == timetable.CUSTOM:
            n_created += _create_custom(conn, job, now)
        else:
            n_created += _create_built_in(conn, job, now, share)
    return n_created


def _create_custom(conn: Connection, job: _Job, now: datetime) -> int:
    following = next_of(job.row)
    if following is None:
        return 0
    logical_date, interval, run_after, named = following
    run_id = named or of_timetable(DagRunType.SCHEDULED, run_after)
    made = _insert(conn, job, RunDue(run_id, logical_date, interval, run_after), now)
    dag.set_next_run(conn, job.row.dag_id, None)
    _ask_next(conn, job.row.dag_id, following.data_interval, now)
    return int(made)


def _create_built_in(conn: Connection, job: _Job, now: datetime, share: Share) -> int:
    built, plan = _built(job.plan), job.plan.plan
    newest = run.latest_automated(conn, job.row.dag_id)
    last = interval_of(newest) if newest is not None else None
    n_created = 0
    while True:
        decided = due(
            built,
            job.plan.window,
            last=last,
            n_active=job.n_active + n_created,
            max_active_runs=plan.max_active_runs,
            now=now,
            at_most=1,
        )
        if not decided.create:
            break
        # False: it was there already. Without one that is new, the next turn would begin here again.
        n_created += _insert(conn, job, decided.create[0], now)
        if n_created == _RUNS_PER_DAG or (n_created and share.is_over):
            break
        last = decided.create[0].data_interval
    dag.set_next_run(conn, job.row.dag_id, decided.next)
    return n_created


def _insert(conn: Connection, job: _Job, what: RunDue, now: datetime) -> bool:
    dag_id = job.row.dag_id
    # Somebody may have made a run of that date by hand; it then stands for the automated one.
    if run.get_by_logical_date(conn, dag_id, what.logical_date) is not None:
        return False
    if run.get(conn, dag_id, what.run_id) is not None:
        return False
    new = NewRun(
        dag_id=dag_id,
        run_id=what.run_id,
        run_type=DagRunType.SCHEDULED,
        logical_date=what.logical_date,
        data_interval_start=what.data_interval.start,
        data_interval_end=what.data_interval.end,
        run_after=what.run_after,
        triggered_by=DagRunTriggeredByType.TIMETABLE,
        dag_version_id=job.plan.version_id,
    )
    if job.is_small:
        insert(conn, job.plan.plan, new, now)
    else:
        run.create(conn, new, now, notify=False)
    return True


def _ask_next(conn: Connection, dag_id: str, last: DataInterval | None, now: datetime) -> None:
    """Ask the DAG processor for the next run of a custom timetable."""
    interval = None
    if last is not None:
        interval = {"start": last.start.isoformat(), "end": last.end.isoformat()}
    payload = {"last": interval}
    inbox.post(conn, target=DAG_PROCESSOR, kind="next_run", payload=payload, dag_id=dag_id, now=now)


def _built(plan: Plan) -> timetable.Timetable:
    return timetable.build(plan.plan.timetable, plan.plan.timezone)


def interval_of(row: RunRow) -> DataInterval | None:
    """Return a run's data interval, None if it has none."""
    if row.data_interval_start is None or row.data_interval_end is None:
        return None
    return DataInterval(row.data_interval_start, row.data_interval_end)


def next_of(row: DagRow) -> NextRun | None:
    """Return the next automated run as it stands in the DAG's row."""
    start, end = row.next_data_interval_start, row.next_data_interval_end
    if row.next_run_after is None or row.next_logical_date is None or start is None or end is None:
        return None
    interval = DataInterval(start, end)
    return NextRun(row.next_logical_date, interval, row.next_run_after, row.next_run_id)


def with_next(row: DagRow, following: NextRun | None) -> DagRow:
    """Return the DAG's row with another next run."""
    return row._replace(
        next_logical_date=following.logical_date if following else None,
        next_data_interval_start=following.data_interval.start if following else None,
        next_data_interval_end=following.data_interval.end if following else None,
        next_run_after=following.run_after if following else None,
        next_run_id=following.run_id if following else None,
    )
