"""The database's clock, by which all machines of an installation go.

A service makes its clock with ``synced``. It is compared with the database's at once, then every
minute, and soon after somebody has set this machine's clock.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import SQLAlchemyError

from slipstream.clock import SyncedClock, SystemClock
from slipstream.errors import StoreUnavailable
from slipstream.store import dialect
from slipstream.store.engine import Store

log = logging.getLogger(__name__)

EVERY_S = 60.0
LOOK_S = 5.0
"""How soon a clock that was set is noticed."""
_JUMP_S = 1.0


class ClockSync:
    """Compares a clock with the database's, by itself in a thread once it is started."""

    def __init__(self, store: Store, clock: SyncedClock) -> None:
        self._store = store
        self._clock = clock
        self._system = SystemClock()
        self._wall_minus_mono = self._difference()
        self._synced_at: float | None = None
        self._ended = threading.Event()

    def sync(self) -> None:
        """Compare now; a database that is away is asked again later."""
        began = self._clock.monotonic()
        try:
            with self._store.read() as conn:
                theirs = dialect.of(conn).now(conn)
        except (StoreUnavailable, SQLAlchemyError) as error:
            log.debug("the database's clock is not read now: %s", error)
            return
        self._synced_at = self._clock.monotonic()
        if theirs is not None:
            self._clock.heard(theirs, self._synced_at - began)

    def keep(self) -> None:
        """Compare if a minute has passed, or if the machine's clock was set."""
        difference = self._difference()
        was_set = abs(difference - self._wall_minus_mono) > _JUMP_S
        self._wall_minus_mono = difference
        last = self._synced_at
        if was_set or last is None or self._clock.monotonic() - last >= EVERY_S:
            self.sync()

    def start(self) -> None:
        """Compare at once, and from now on in a thread. A file has no clock of its own to ask."""
        if self._store.dialect == "sqlite":
            return
        self.sync()
        threading.Thread(target=self._run, name="clock", daemon=True).start()

    def close(self) -> None:
        """End the thread."""
        self._ended.set()

    def _run(self) -> None:
        while not self._ended.wait(LOOK_S):
            self.keep()

    def _difference(self) -> float:
        return self._system.now().timestamp() - self._system.monotonic()


@contextmanager
def synced(store: Store) -> Iterator[SyncedClock]:
    """Yield a clock that shows the database's time, to a second."""
    clock = SyncedClock()
    sync = ClockSync(store, clock)
    sync.start()
    try:
        yield clock
    finally:
        sync.close()
