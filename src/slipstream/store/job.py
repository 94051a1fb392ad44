"""Jobs: one row per long-running process, kept alive by its heartbeat.

A job whose heartbeat lapsed is dead for all purposes, whatever its state says.
"""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from slipstream.attempt import new_id
from slipstream.config.host import hostname
from slipstream.store import change
from slipstream.store.codec import dump
from slipstream.store.row import JOB, JobRow
from slipstream.store.schema import job

SCHEDULER_JOB_TYPE = "SchedulerJob"
ONE_RUN_JOB_TYPE = "DagTestJob"
"""A scheduler of one run alone: it owns that run, and no DAG."""

API_SERVER_JOB_TYPE = "ApiServer"
"""A process that serves the execution API."""

_SELECT = select(*JOB.columns)


def _pid_started() -> float | None:
    """Return when this process started, in seconds since the machine booted."""
    try:
        with open("/proc/self/stat", "rb") as stat:
            ticks = int(stat.read().rpartition(b")")[2].split()[19])
    except OSError:
        return None  # no /proc: a reused pid cannot be told there
    return ticks / os.sysconf("SC_CLK_TCK")


def _user() -> str | None:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return None  # a uid without a name, as in some containers


def register(
    conn: Connection,
    *,
    job_type: str,
    now: datetime,
    executor: str | None = None,
    parent_id: str | None = None,
    key_mark: str | None = None,
    id: str | None = None,
) -> str:
    """Add this process as a running job and return its id."""
    id = id or new_id()
    conn.execute(
        insert(job).values(
            id=id,
            job_type=job_type,
            state="running",
            hostname=hostname(),
            pid=os.getpid(),
            pid_started=_pid_started(),
            unixname=_user(),
            executor=executor,
            parent_id=parent_id,
            key_mark=key_mark,
            started_at=now,
            heartbeat_at=now,
        )
    )
    change.note(conn, "jobs")
    return id


def heartbeat(conn: Connection, ids: Iterable[str], now: datetime) -> set[str]:
    """Say that these jobs are alive; return those that are still running in the store's eyes.

    A job that is not among them was ended by another process (its lease was taken): it must stop.
    """
    wanted = sorted(set(ids))
    alive = job.c.id.in_(wanted) & (job.c.state == "running")
    if conn.execute(update(job).where(alive).values(heartbeat_at=now)).rowcount == len(wanted):
        return set(wanted)
    return set(conn.scalars(select(job.c.id).where(alive)))


def set_trouble(conn: Connection, id: str, trouble: Mapping[str, Mapping[str, Any]]) -> None:
    """Say what keeps a scheduler's executors from working, by their names; nothing: all work."""
    text = dump(trouble) if trouble else None
    conn.execute(update(job).where(job.c.id == id).values(trouble=text))
    change.note(conn, "jobs")


def end(conn: Connection, id: str, state: str, now: datetime) -> bool:
    """Close a job with ``success`` or ``failed``; False when it has ended: it keeps its state."""
    ended = conn.execute(
        update(job)
        .where(job.c.id == id, job.c.state == "running")
        .values(state=state, ended_at=now)
    )
    if ended.rowcount == 0:
        return False
    change.note(conn, "jobs")
    return True


def get(conn: Connection, id: str) -> JobRow | None:
    """Return a job, dead or alive."""
    return JOB.first(conn.execute(_SELECT.where(job.c.id == id)))


def list_alive(conn: Connection, job_type: str, since: datetime) -> list[JobRow]:
    """Return the running jobs of a type with a heartbeat at or after ``since``, oldest first."""
    return JOB.all(
        conn.execute(
            _SELECT.where(
                job.c.job_type == job_type, job.c.state == "running", job.c.heartbeat_at >= since
            ).order_by(job.c.started_at, job.c.id)
        )
    )


def list_running(conn: Connection, *job_types: str) -> list[JobRow]:
    """Return the jobs of these types that say they run, dead or alive, oldest first."""
    query = _SELECT.where(job.c.job_type.in_(job_types), job.c.state == "running")
    return JOB.all(conn.execute(query.order_by(job.c.started_at, job.c.id)))


def list_lapsed(conn: Connection, job_type: str, before: datetime) -> list[JobRow]:
    """Return the jobs of a type that say they run but had no heartbeat since ``before``."""
    return JOB.all(
        conn.execute(
            _SELECT.where(
                job.c.job_type == job_type, job.c.state == "running", job.c.heartbeat_at < before
            ).order_by(job.c.heartbeat_at)
        )
    )


def children(conn: Connection, parent_id: str) -> list[JobRow]:
    """Return the running jobs that a job started (a scheduler's worker hosts)."""
    return JOB.all(
        conn.execute(_SELECT.where(job.c.parent_id == parent_id, job.c.state == "running"))
    )


def latest(conn: Connection, job_type: str) -> JobRow | None:
    """Return the job of a type with the newest heartbeat: of those that run, if there are any."""
    newest = _SELECT.where(job.c.job_type == job_type).order_by(
        (job.c.state == "running").desc(), job.c.heartbeat_at.desc(), job.c.id.desc()
    )
    return JOB.first(conn.execute(newest.limit(1)))
