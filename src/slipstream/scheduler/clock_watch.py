"""Notices when somebody sets the wall clock: the ages of heartbeats mean nothing for a while then."""

from __future__ import annotations

from slipstream.clock import Clock

_JUMP_S = 5.0
"""A smaller difference to the monotonic clock is none: nothing here is counted in less."""


class ClockWatch:
    """Compares the wall clock with the monotonic one. Several may look, each for itself."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._n_jumps = 0
        self.last_jump_s = 0.0
        self.restart()

    def restart(self) -> None:
        """Go by the wall clock as it is now."""
        self._offset_s = self._offset()

    def n_jumps(self) -> int:
        """Return how often the clock has been set, up to this moment."""
        offset_s = self._offset()
        jump_s, self._offset_s = offset_s - self._offset_s, offset_s
        if abs(jump_s) > _JUMP_S:
            self._n_jumps += 1
            self.last_jump_s = jump_s
        return self._n_jumps

    def _offset(self) -> float:
        return self._clock.now().timestamp() - self._clock.monotonic()
