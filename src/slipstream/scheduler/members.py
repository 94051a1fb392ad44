"""Which schedulers are at work; those that died are buried here.

A process of this machine that is gone is dead at once. Any other is dead when its heartbeat is
older than a lease. Being wrong about it is safe: whoever's job was ended writes nothing more.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime

from slipstream.clock import Clock
from slipstream.scheduler.hosts import process_alive
from slipstream.scheduler.lease import MEMBERS_CHANGED
from slipstream.scheduler.settings import Settings
from slipstream.store import Connection, inbox, job, lease
from slipstream.store.job import ONE_RUN_JOB_TYPE, SCHEDULER_JOB_TYPE
from slipstream.store.row import JobRow

log = logging.getLogger(__name__)


class Members:
    """The schedulers that are alive, as of the last ``look``, this one among them."""

    def __init__(self, clock: Clock, settings: Settings) -> None:
        self._clock = clock
        self._settings = settings
        self.others: set[str] = set()
        self.leaving: set[str] = set()
        """Others that have said that they are about to stop: nothing is due to them any more."""
        self._last_beat = clock.monotonic()
        self._trust_after = 0.0

    def beat(self) -> None:
        """Note our own heartbeat. After one that came late, nobody's silence counts for a while.

        What was in our way (a database that was away) was perhaps in the others' way, too.
        """
        now = self._clock.monotonic()
        if now - self._last_beat > self._settings.lease_s / 2:
            self.distrust()
        self._last_beat = now

    @property
    def is_beat_due(self) -> bool:
        """Whether it is time for our own heartbeat."""
        return self._clock.monotonic() - self._last_beat >= self._settings.beat_s

    def distrust(self) -> None:
        """Believe no heartbeat's age until everybody had the time to send a new one."""
        self._trust_after = self._clock.monotonic() + self._settings.lease_s

    def look(self, conn: Connection, me: str, now: datetime) -> list[JobRow]:
        """Read who is alive; return those that have died and must be buried."""
        dead = []
        others = set()
        for other in job.list_running(conn, SCHEDULER_JOB_TYPE, ONE_RUN_JOB_TYPE):
            if other.id == me:
                continue
            if self._is_dead(other, now):
                dead.append(other)
            elif other.job_type == SCHEDULER_JOB_TYPE:
                others.add(other.id)
        self.others = others
        self.leaving &= others
        return dead

    def _is_dead(self, other: JobRow, now: datetime) -> bool:
        if not process_alive(other):
            return True
        if self._clock.monotonic() < self._trust_after:
            return False
        return other.heartbeat_at < now - self._settings.lease


def bury(
    conn: Connection,
    dead: Iterable[JobRow],
    strays: Iterable[str],
    tell: Iterable[str],
    now: datetime,
) -> None:
    """End the jobs of schedulers that died, free what they and ``strays`` had, and tell the others.

    A transaction's function, and one that waits for a transaction of theirs that is under way.
    """
    for other in sorted(dead, key=lambda row: row.id):
        if lease.end(conn, other.id, "failed", now):
            log.warning(
                "Scheduler %s (pid %d on %s) is dead: others take over what it had.",
                other.id,
                other.pid,
                other.hostname,
            )
    for owner in sorted(strays):
        lease.release(conn, owner)
    inbox.post_to(conn, tell, MEMBERS_CHANGED, now)
