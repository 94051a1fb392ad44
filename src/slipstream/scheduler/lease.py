"""The scheduler's own registration and heartbeat: the lease under which it writes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Concatenate, ParamSpec, TypeVar

from slipstream.attempt import new_id
from slipstream.errors import UserError
from slipstream.scheduler.hosts import process_alive
from slipstream.scheduler.settings import Settings
from slipstream.store import Connection, Store, inbox, job, lease
from slipstream.store.dialect import NotHeld
from slipstream.store.job import ONE_RUN_JOB_TYPE, SCHEDULER_JOB_TYPE

MEMBERS_CHANGED = "members_changed"
"""The message to each other scheduler that one has come, or has gone and left DAGs."""
P = ParamSpec("P")
T = TypeVar("T")


class LeaseLost(UserError):
    """Another scheduler has ended our job, since our heartbeat did not arrive in time."""

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


def heartbeat(store: Store, scheduler_id: str, now: datetime) -> None:
    """Say that a scheduler is alive. Raises LeaseLost when somebody ended its job."""
    if scheduler_id not in store.write(job.heartbeat, [scheduler_id], now):
        raise LeaseLost(scheduler_id)


class Lease:
    """This scheduler as the database knows it."""

    def __init__(self, store: Store, settings: Settings, *, only_run: bool = False) -> None:
        """``only_run``: for one run alone, beside whatever schedulers there are."""
        self._store = store
        self._settings = settings
        self._job_type = ONE_RUN_JOB_TYPE if only_run else SCHEDULER_JOB_TYPE
        self.id = new_id()

    def register(self, now: datetime, executor: str, key_mark: str | None = None) -> None:
        """Add this scheduler's job, and tell the others.

        Raises UserError on SQLite when another scheduler is alive.
        """
        self._store.write(self._register, now, executor, key_mark)

    def _register(
        self, conn: Connection, now: datetime, executor: str, key_mark: str | None
    ) -> None:
        if job.get(conn, self.id) is not None:
            return  # an earlier call's commit went through, its answer did not
        if self._job_type == SCHEDULER_JOB_TYPE and self._store.dialect == "sqlite":
            self._refuse_second(conn, now)
        job.register(
            conn,
            job_type=self._job_type,
            now=now,
            executor=executor,
            key_mark=key_mark,
            id=self.id,
        )
        if self._job_type == SCHEDULER_JOB_TYPE:
            self._tell_others(conn, now)

    def _refuse_second(self, conn: Connection, now: datetime) -> None:
        for other in job.list_alive(conn, SCHEDULER_JOB_TYPE, since=now - self._settings.lease):
            if process_alive(other):
                raise UserError(
                    f"A scheduler already runs on this database (pid {other.pid} on "
                    f"{other.hostname}). SQLite allows one: stop it, or use PostgreSQL or MySQL."
                )

    def _tell_others(self, conn: Connection, now: datetime) -> None:
        running = job.list_running(conn, SCHEDULER_JOB_TYPE)
        others = [other.id for other in running if other.id != self.id]
        inbox.post_to(conn, others, MEMBERS_CHANGED, now)

    def heartbeat(self, now: datetime) -> None:
        """Say that we are alive. Raises LeaseLost when somebody ended our job."""
        heartbeat(self._store, self.id, now)

    def end(self, now: datetime, *, ok: bool) -> None:
        """Close the job, give back all that it has, and tell the others."""
        self._store.write(self._end, now, "success" if ok else "failed")

    def _end(self, conn: Connection, now: datetime, state: str) -> None:
        if lease.end(conn, self.id, state, now) and self._job_type == SCHEDULER_JOB_TYPE:
            self._tell_others(conn, now)
