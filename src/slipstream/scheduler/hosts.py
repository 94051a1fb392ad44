"""Which worker hosts are alive.

A host that ends or dies under our own executor says so by its socket. This is for the others: a
scheduler's host on this machine is dead when its process is, at once; any host is when its
heartbeat lapses. Of a remote host (it has no scheduler) only that counts: it may be in a container
that shares this machine's name and not its processes. And it counts only while somebody hears them:
when no API server is there, or was until a moment ago, all remote hosts are silent and none is dead.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from slipstream.clock import Clock
from slipstream.command import signing
from slipstream.config.host import hostname
from slipstream.scheduler.clock_watch import ClockWatch
from slipstream.store import Connection, job
from slipstream.store.job import API_SERVER_JOB_TYPE
from slipstream.store.row import JobRow

log = logging.getLogger(__name__)

JOB_TYPE = "WorkerHost"
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Hosts:
    """The worker hosts' jobs, as of the last ``refresh``."""

    def __init__(self, threshold_s: float, clock: Clock, watch: ClockWatch) -> None:
        self._threshold = timedelta(seconds=threshold_s)
        self._clock = clock
        self._watch = watch
        self._n_jumps = 0
        self._alive: dict[str, JobRow] = {}
        self._trust_after: datetime | None = None
        """Until then a heartbeat's age says nothing: each host is to have the time for a new one."""
        self._heard_since: datetime | None = _LONG_AGO
        """Since when, without a break, an API server has been there; None: there is none."""
        self._has_been_heard = False
        """One has been there: when all is started, the scheduler may be first."""

    def look_for_api_servers(self, conn: Connection, now: datetime) -> None:
        """See whether remote hosts could be heard."""
        # Their break has to be seen before a host seems dead that is silent for as long.
        beat = timedelta(seconds=signing.beat_s())
        lapse = max(1.5 * beat, min(signing.lapse(), self._threshold / 2))
        servers = job.list_alive(conn, API_SERVER_JOB_TYPE, since=now - lapse)
        before = self._heard_since
        if servers:
            self._heard_since = now if before is None else max(before, servers[0].started_at)
            if before is None and self._has_been_heard:
                log.info(
                    "An API server is back: worker hosts that stay silent count as gone again."
                )
            self._has_been_heard = True
        elif before is not None and job.latest(conn, API_SERVER_JOB_TYPE) is not None:
            self._heard_since = None
            if self._has_been_heard:
                log.warning(
                    "No API server is alive that hears workers: their silence means nothing until %g s "
                    "after one is back.",
                    self._threshold.total_seconds(),
                )

    def refresh(self, conn: Connection, now: datetime) -> None:
        """Read which hosts' heartbeats are recent."""
        self._alive = self._find(conn, now)
        if (n_jumps := self._watch.n_jumps()) != self._n_jumps:
            # Looked at after the reading: a clock that is set while a turn is under way makes what
            # hosts have written since look old, or all of them by the new time.
            self._n_jumps = n_jumps
            now = self._clock.now()
            self._trust_after = now + self._threshold
            self._alive = self._find(conn, now)

    def _find(self, conn: Connection, now: datetime) -> dict[str, JobRow]:
        since = now - self._threshold
        if self._trust_after is not None and now < self._trust_after:
            since = _LONG_AGO
        is_heard = self._heard_since is not None and self._heard_since <= now - self._threshold
        since_remote = since if is_heard else _LONG_AGO
        rows = job.list_alive(conn, JOB_TYPE, since=since_remote)
        return {
            row.id: row
            for row in rows
            if row.parent_id is None or (row.heartbeat_at >= since and process_alive(row))
        }

    def why_dead(self, host_id: str | None) -> str | None:
        """Return why the host counts as dead; None while it is alive."""
        if host_id is not None and host_id in self._alive:
            return None
        return "its worker host is gone: the process ended or its heartbeat stopped"

    def is_foreign(self, host_id: str | None, own_ids: Collection[str]) -> bool:
        """Say whether a live host was started by another scheduler, which alone hears from it."""
        row = self._alive.get(host_id or "")
        return row is not None and row.parent_id is not None and row.parent_id not in own_ids

    def foreign(self, own_ids: Collection[str]) -> bool:
        """Say whether a live host was started by another scheduler."""
        return any(self.is_foreign(host_id, own_ids) for host_id in self._alive)


def process_alive(row: JobRow) -> bool:
    """Say whether a job's process exists; a job of another machine counts as alive."""
    if row.hostname != hostname():
        return True
    try:
        with open(f"/proc/{row.pid}/stat", "rb") as stat:
            fields = stat.read().rpartition(b")")[2].split()
    except FileNotFoundError:
        return not os.path.isdir("/proc/self")  # without /proc, only heartbeats tell
    except OSError:
        return True
    if fields[0] in (b"Z", b"X"):
        return False
    if row.pid_started is None:
        return True
    started = int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return abs(started - row.pid_started) < 0.011  # else the pid is somebody else's by now
