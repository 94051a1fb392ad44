"""Timers of the host's loop: a heap of things to do at a monotonic time."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count

from slipstream.clock import Clock

_SWEEP_EVERY = 1024


class Timer:
    """Something to do later; ``cancel`` makes it nothing."""

    __slots__ = ("_action",)

    def __init__(self, action: Callable[[], None]) -> None:
        self._action: Callable[[], None] | None = action

    def cancel(self) -> None:
        self._action = None

    @property
    def is_live(self) -> bool:
        return self._action is not None

    def fire(self) -> None:
        action, self._action = self._action, None
        if action is not None:
            action()


class Timers:
    """All timers of one loop, by the clock's monotonic time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heap: list[tuple[float, int, Timer]] = []
        self._order = count()

    def after(self, delay_s: float, action: Callable[[], None]) -> Timer:
        """Run the action once, ``delay_s`` seconds from now."""
        timer = Timer(action)
        number = next(self._order)
        heapq.heappush(self._heap, (self._clock.monotonic() + delay_s, number, timer))
        if number % _SWEEP_EVERY == 0:
            # Most timers are cancelled long before their time: hours of them would pile up.
            self._heap = [entry for entry in self._heap if entry[2].is_live]
            heapq.heapify(self._heap)
        return timer

    def __len__(self) -> int:
        return len(self._heap)

    def wait_s(self) -> float | None:
        """Return the seconds until the next timer; None when there is none."""
        while self._heap and not self._heap[0][2].is_live:
            heapq.heappop(self._heap)
        if not self._heap:
            return None
        return max(0.0, self._heap[0][0] - self._clock.monotonic())

    def run_due(self) -> None:
        """Run every timer whose time has come."""
        now = self._clock.monotonic()
        while self._heap and self._heap[0][0] <= now:
            heapq.heappop(self._heap)[2].fire()
