"""What the scheduler must do later: a heap of due things.

Due times are kept on the monotonic clock, so a wall clock that jumps an hour neither fires the
retries of an hour at once nor holds them back. Nothing is ever cancelled: whoever handles a due
thing checks that it still applies.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from datetime import datetime

from slipstream.clock import Clock
from slipstream.machine.event import TIKey


@dataclass(frozen=True, slots=True)
class TaskDue:
    """A retry, a reschedule or a start date of a task instance."""

    pk: int
    key: TIKey
    at: datetime


@dataclass(frozen=True, slots=True)
class RunTimeout:
    """The run's dagrun_timeout, counted from its start."""

    pk: int
    clear_number: int


@dataclass(frozen=True, slots=True)
class RunAfter:
    """A queued run whose ``run_after`` lay in the future."""

    pk: int


Due = TaskDue | RunTimeout | RunAfter


class Timers:
    """Due things by time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heap: list[tuple[float, int, Due]] = []
        self._n_added = 0

    def at(self, when: datetime, what: Due) -> None:
        """Have ``what`` fall due at ``when``, as the wall clock stands now."""
        self.after((when - self._clock.now()).total_seconds(), what)

    def after(self, seconds: float, what: Due) -> None:
        """Have ``what`` fall due in ``seconds``."""
        self._n_added += 1
        due = self._clock.monotonic() + max(0.0, seconds)
        heapq.heappush(self._heap, (due, self._n_added, what))

    def due(self) -> list[Due]:
        """Remove and return what is due now, in order."""
        now = self._clock.monotonic()
        ready: list[Due] = []
        while self._heap and self._heap[0][0] <= now:
            ready.append(heapq.heappop(self._heap)[2])
        return ready

    def next_in(self) -> float | None:
        """Return the seconds until the next due thing, None when there is none."""
        if not self._heap:
            return None
        return max(0.0, self._heap[0][0] - self._clock.monotonic())

    def clear(self) -> None:
        """Forget everything; what is loaded again brings its timers along."""
        self._heap.clear()

    def __len__(self) -> int:
        return len(self._heap)
