"""The scheduler's own registration, its heartbeat, and the runs that its lease covers."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Concatenate, ParamSpec, TypeVar

from slipstream.attempt import new_id
from slipstream.errors import UserError
from slipstream.scheduler.hosts import process_alive
from slipstream.scheduler.settings import Settings
from slipstream.store import Connection, Store, job, lease
from slipstream.store.dialect import NotHeld
from slipstream.store.row import JobRow, RunRow

log = logging.getLogger(__name__)

JOB_TYPE = "SchedulerJob"
ONE_RUN_JOB_TYPE = "DagTestJob"
_CLAIM_LIMIT = 500
P = ParamSpec("P")
T = TypeVar("T")
_EVER = datetime.min.replace(tzinfo=UTC)


class LeaseLost(UserError):
    """Another scheduler has taken over our runs, since our heartbeat did not arrive in time."""

    def __init__(self, scheduler_id: str) -> None:
        super().__init__(
            f"Scheduler {scheduler_id} was declared dead by another one: "
            "it did not reach the database in time. What it had not written is dropped."
        )


def write_fenced(
    store: Store,
    scheduler_id: str,
    fn: Callable[Concatenate[Connection, P], T],
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """``Store.write``, in a transaction to whose end the scheduler's lease holds.

    Raises LeaseLost otherwise, for a scheduler that was stopped for longer than its lease.
    """

    def fenced(conn: Connection) -> T:
        lease.require(conn, scheduler_id)
        return fn(conn, *args, **kwargs)

    try:
        return store.write(fenced)
    except NotHeld:
        raise LeaseLost(scheduler_id) from None


class Lease:
    """This scheduler as the database knows it."""

    def __init__(self, store: Store, settings: Settings, *, takes_over: bool = True) -> None:
        """``takes_over`` False: for one run alone, beside whatever scheduler there is."""
        self._store = store
        self._lapse = timedelta(seconds=settings.health_threshold_s)
        self._job_type = JOB_TYPE if takes_over else ONE_RUN_JOB_TYPE
        self.id = new_id()

    def register(self, now: datetime, executor: str) -> None:
        """Add this scheduler's job, and end those of schedulers that died.

        Raises UserError on SQLite when another scheduler is alive.
        """
        self._store.write(self._register, now, executor)

    def _register(self, conn: Connection, now: datetime, executor: str) -> None:
        if job.get(conn, self.id) is not None:
            return  # an earlier call's commit went through, its answer did not
        for other in self._others(conn, now):
            if self._store.dialect == "sqlite" and self._job_type == JOB_TYPE:
                raise UserError(
                    f"A scheduler already runs on this database (pid {other.pid} on "
                    f"{other.hostname}). SQLite allows one: stop it, or use PostgreSQL or MySQL."
                )
        self._end_dead(conn, now)
        job.register(conn, job_type=self._job_type, now=now, executor=executor, id=self.id)

    def _others(self, conn: Connection, now: datetime) -> list[JobRow]:
        """Return the other schedulers that are alive, the oldest first."""
        alive = job.list_alive(conn, JOB_TYPE, since=now - self._lapse)
        return [row for row in alive if row.id != self.id and process_alive(row)]

    def leader(self, now: datetime) -> JobRow | None:
        """Return the scheduler before whom this one stands by; None when it is its turn.

        The oldest one that is alive works. Those that have died are ended, so that their runs
        come free, and one that was only stopped for long finds out by its next heartbeat.
        """
        return self._store.write(self._leader, now)

    def _leader(self, conn: Connection, now: datetime) -> JobRow | None:
        self._end_dead(conn, now)
        mine = job.get(conn, self.id)
        for other in self._others(conn, now):
            if mine is None or (other.started_at, other.id) < (mine.started_at, mine.id):
                return other
        return None

    def heartbeat(self, now: datetime) -> None:
        """Say that we are alive. Raises LeaseLost when somebody ended our job."""
        if self.id not in self._store.write(job.heartbeat, [self.id], now):
            raise LeaseLost(self.id)

    def _end_dead(self, conn: Connection, now: datetime) -> None:
        """End the jobs of schedulers that died or lapsed, so that their runs come free."""
        alive_since = now - self._lapse
        schedulers = job.list_alive(conn, JOB_TYPE, since=_EVER)
        for other in schedulers + job.list_alive(conn, ONE_RUN_JOB_TYPE, since=_EVER):
            if other.id == self.id:
                continue
            if other.heartbeat_at < alive_since or not process_alive(other):
                log.warning("scheduler %s (pid %d) died", other.id, other.pid)
                job.end(conn, other.id, "failed", now)

    def claim(self, now: datetime) -> list[RunRow]:
        """Take active runs that no live scheduler owns. Raises LeaseLost."""
        return write_fenced(self._store, self.id, self._claim, now)

    def _claim(self, conn: Connection, now: datetime) -> list[RunRow]:
        self._end_dead(conn, now)
        return lease.claim_runs(
            conn, owner=self.id, lapsed_before=now - self._lapse, limit=_CLAIM_LIMIT
        )

    def end(self, now: datetime, *, ok: bool) -> None:
        """Give all runs back and close the job."""
        self._store.write(self._end, now, "success" if ok else "failed")

    def _end(self, conn: Connection, now: datetime, state: str) -> None:
        lease.release(conn, self.id)
        job.end(conn, self.id, state, now)
