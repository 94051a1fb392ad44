"""Which worker hosts are alive.

A host that ends or dies under our own executor says so by its socket. This is for the others: a
scheduler's host on this machine is dead when its process is, at once; any host is when its
heartbeat lapses. Of a remote host (it has no scheduler) only that counts: it may be in a container
that shares this machine's name and not its processes.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from slipstream.config.host import hostname
from slipstream.store import Connection, job
from slipstream.store.row import JobRow

JOB_TYPE = "WorkerHost"


class Hosts:
    """The worker hosts' jobs, as of the last ``refresh``."""

    def __init__(self, threshold_s: float) -> None:
        self._threshold = timedelta(seconds=threshold_s)
        self._alive: dict[str, JobRow] = {}
        self._trust_after: datetime | None = None

    def refresh(self, conn: Connection, now: datetime) -> None:
        """Read which hosts' heartbeats are recent."""
        since = now - self._threshold
        if self._trust_after is not None and now < self._trust_after:
            since = datetime.min.replace(tzinfo=UTC)
        rows = job.list_alive(conn, JOB_TYPE, since=since)
        self._alive = {row.id: row for row in rows if row.parent_id is None or process_alive(row)}

    def clock_jumped(self, now: datetime) -> None:
        """Believe no heartbeat's age until each host had the time to send a new one."""
        self._trust_after = now + self._threshold

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
