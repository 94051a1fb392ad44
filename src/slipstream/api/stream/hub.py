"""One look at the store for all listeners of this process, and none while nobody listens.

Lives on the server's event loop; only the looks are in a thread. A listener is a bounded queue: who
reads too slowly is told to read everything anew instead of what it missed.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import TypeVar

import anyio
import anyio.to_thread

from slipstream.errors import StoreUnavailable
from slipstream.store import Store
from slipstream.store.live.watch import Changes, Watch

log = logging.getLogger(__name__)

T = TypeVar("T")

LOOK_EVERY_S = 0.4
AWAY_S = 2.0
"""The pause after a look that failed."""
MAX_LISTENERS = 4000
MAX_QUEUED = 100


class TooManyListeners(Exception):
    """This process serves as many streams as it can."""


class Listener:
    """What is yet to be told to one stream."""

    def __init__(self, cursor: str) -> None:
        self.cursor = cursor
        """Where it would go on."""
        self._queued: deque[Changes] = deque()
        self._news = asyncio.Event()
        self.is_closed = False

    def put(self, changes: Changes) -> None:
        if len(self._queued) >= MAX_QUEUED or changes.is_reset:
            self._queued.clear()
            changes = Changes(changes.cursor, is_reset=True)
        self._queued.append(changes)
        self._news.set()

    def close(self) -> None:
        """End the stream: whoever waits for news gets None."""
        self.is_closed = True
        self._news.set()

    async def next(self, timeout_s: float) -> Changes | None:
        """Return the next changes; None when there are none for so long, or after ``close``."""
        if not self._queued and not self.is_closed:
            try:
                async with asyncio.timeout(timeout_s):
                    await self._news.wait()
            except TimeoutError:
                return None
        if self.is_closed:
            return None
        changes = self._queued.popleft()
        if not self._queued:
            self._news.clear()
        self.cursor = changes.cursor
        return changes


class Hub:
    """The listeners of a process, and the task that looks for them."""

    def __init__(self, store: Store, look_every_s: float = LOOK_EVERY_S) -> None:
        self._store = store
        self._look_every_s = look_every_s
        self._listeners: set[Listener] = set()
        self._watch: Watch | None = None
        self._cursor = ""
        self._task: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        # Its own: the endpoints' threads may all be busy.
        self._limiter: anyio.CapacityLimiter | None = None

    @property
    def n_listeners(self) -> int:
        return len(self._listeners)

    @property
    def is_looking(self) -> bool:
        return self._task is not None

    async def join(self, cursor: str | None = None) -> Listener:
        """Return a new listener to all that changes from now on, or changed since ``cursor``.

        Raises TooManyListeners, StoreUnavailable.
        """
        if len(self._listeners) >= MAX_LISTENERS:
            raise TooManyListeners
        async with self._starting:  # all that come at once wait for the one first look
            if self._watch is None:
                watch = Watch(self._store)
                await self.in_thread(watch.start)
                self._watch, self._cursor = watch, watch.cursor
            listener = Listener(self._cursor)
            self._listeners.add(listener)
            if self._task is None:
                self._task = asyncio.create_task(self._run(self._watch))
        if cursor is not None:
            try:
                missed = await self.in_thread(Watch(self._store).resume, cursor)
            except BaseException:
                self.leave(listener)
                raise
            if not missed.is_empty:
                listener.put(missed)
        return listener

    def leave(self, listener: Listener) -> None:
        listener.close()
        self._listeners.discard(listener)

    async def _run(self, watch: Watch) -> None:
        was_away = False
        try:
            while self._listeners:
                pause_s = self._look_every_s
                try:
                    changes = await self.in_thread(watch.look)
                except StoreUnavailable as error:
                    if not was_away:
                        log.warning("The event stream waits for the database: %s", error)
                    was_away, pause_s = True, AWAY_S
                except Exception:
                    log.exception("The event stream could not look for changes")
                    pause_s = AWAY_S
                else:
                    was_away, self._cursor = False, changes.cursor
                    if not changes.is_empty:
                        for listener in self._listeners:
                            listener.put(changes)
                await asyncio.sleep(pause_s)
        finally:
            self._task = self._watch = None

    async def in_thread(self, fn: Callable[..., T], *args: str) -> T:
        """Call what may wait for the database, in a thread that endpoints cannot occupy."""
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(2)
        return await anyio.to_thread.run_sync(fn, *args, limiter=self._limiter)
