"""A thing to do now and then."""

from __future__ import annotations

from slipstream.clock import Clock


class Timer:
    """Is due ``interval_s`` after it was made or restarted, on the clock that never jumps."""

    def __init__(self, clock: Clock, interval_s: float) -> None:
        self._clock = clock
        self._interval_s = interval_s
        self._due_at = 0.0
        self.restart()

    def restart(self) -> None:
        """Be due one interval from now."""
        self._due_at = self._clock.monotonic() + self._interval_s

    def expire(self) -> None:
        """Be due now."""
        self._due_at = self._clock.monotonic()

    @property
    def remaining_s(self) -> float:
        """Seconds until it is due; 0 when it is."""
        return max(self._due_at - self._clock.monotonic(), 0.0)

    def take(self) -> bool:
        """Say whether it is due; if so, restart it."""
        if self.remaining_s > 0:
            return False
        self.restart()
        return True
