"""Waking the scheduler: at once for ends, a little later for mere starts."""

from __future__ import annotations

import threading

from slipstream.store import Store

TARGET = "scheduler"
LINGER_S = 0.03
"""A start that is only for show waits so long for the end of a short task, which has to be told
anyway: the two are then one turn of the scheduler's."""


class Waker:
    """Wakes the scheduler after commits."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._changed = threading.Condition()
        self._is_due = False
        self._thread: threading.Thread | None = None

    def now(self) -> None:
        """Wake it; what was to be told later is told with this."""
        self._is_due = False
        self._store.wake(TARGET)

    def soon(self) -> None:
        """Wake it in a moment, unless it is woken before."""
        with self._changed:
            self._is_due = True
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="wake", daemon=True)
                self._thread.start()
            self._changed.notify()

    def _run(self) -> None:
        never = threading.Event()
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._is_due)
            never.wait(LINGER_S)
            if self._is_due:
                self.now()
