"""Do the schedulers and the API servers sign with the same key? Seen from their jobs' marks alone.

A worker can show nobody that its token is good but those who have the key; so with different keys no
worker can say anything, and those who see the jobs must.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from slipstream.config import conf
from slipstream.store import Connection, job
from slipstream.store.job import API_SERVER_JOB_TYPE, SCHEDULER_JOB_TYPE
from slipstream.store.row import JobRow

_BEATS = 3
"""An API server that has missed so many heartbeats counts as gone."""


@dataclass(frozen=True, slots=True)
class KeyTrouble:
    """What is wrong, for people."""

    text: str
    is_total: bool
    """No API server would take a token: no attempt can begin on a worker."""


def beat_s() -> float:
    """Return how often an API server says that it is there."""
    return conf.getfloat("scheduler", "job_heartbeat_sec", fallback=5.0)


def lapse() -> timedelta:
    """Return how old the heartbeat of an API server that is there may be."""
    return timedelta(seconds=_BEATS * beat_s())


def key_trouble(conn: Connection, mark: str | None, now: datetime) -> KeyTrouble | None:
    """Return which API servers do not take what is signed with the key of this mark."""
    servers = job.list_alive(conn, API_SERVER_JOB_TYPE, since=now - lapse())
    others = [row for row in servers if row.key_mark is not None and row.key_mark != mark]
    if mark is None or not others:
        return None
    is_total = len(others) == len(servers)
    return KeyTrouble(
        f"{'The' if is_total else 'An'} API server ({_named(others)}) has another signing key than the "
        f"scheduler, and refuses {'' if is_total else 'some of '}what workers begin: give all "
        "schedulers and API servers the same [api_auth] jwt_secret and [execution_api] jwt_audience, "
        "and restart them.",
        is_total,
    )


def other_schedulers(conn: Connection, mark: str, now: datetime) -> str:
    """Return, in words, which live schedulers sign with another key; nothing when none does."""
    lapse_s = conf.getfloat("scheduler", "scheduler_health_check_threshold", fallback=30.0)
    since = now - timedelta(seconds=lapse_s)
    rows = job.list_alive(conn, SCHEDULER_JOB_TYPE, since)
    return _named(row for row in rows if row.key_mark is not None and row.key_mark != mark)


def has_api_server(conn: Connection, now: datetime) -> bool:
    """Say whether somebody answers workers."""
    return bool(job.list_alive(conn, API_SERVER_JOB_TYPE, since=now - lapse()))


def _named(rows: Iterable[JobRow]) -> str:
    return ", ".join(f"pid {row.pid} on {row.hostname}" for row in rows)
