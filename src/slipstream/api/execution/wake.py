"""Waking the scheduler: at once for ends, a little later for mere starts."""

from __future__ import annotations

import threading
from collections.abc import Collection

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
        self._about: set[int] = set()
        """The runs of what is to be told later."""
        self._thread: threading.Thread | None = None

    def now(self, about: Collection[int] = ()) -> None:
        """Wake it; what was to be told later is told with this.

        ``about`` are the runs that it is about, nothing: they are not known.
        """
        with self._changed:
            topics = self._about.union(about) if about else set()
            self._is_due = False
            self._about = set()
        self._store.wake(TARGET, topics)

    def soon(self, about: Collection[int]) -> None:
        """Wake it in a moment, unless it is woken before."""
        if not about:
            self.now()
            return
        with self._changed:
            self._is_due = True
            self._about.update(about)
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
                self.now(self._about)
