"""The only reader of wall time.

Whatever needs to know the time takes a ``Clock``, so that tests can hand it a ``FakeClock``; code
that nobody injects into calls ``utcnow``.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

_START = datetime(2026, 1, 1, tzinfo=UTC)


class Clock(Protocol):
    def now(self) -> datetime:
        """Return the wall time, aware, in UTC. It may jump when somebody sets the machine's clock."""
        ...

    def monotonic(self) -> float:
        """Return seconds from an arbitrary start; they never go back and never jump."""
        ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


class FakeClock:
    """A clock that stands still until told to move."""

    def __init__(self, start: datetime = _START) -> None:
        if start.tzinfo is None:
            raise ValueError(f"naive datetime {start!r}: the clock keeps aware datetimes only")
        self._now = start.astimezone(UTC)
        self._monotonic = 0.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, seconds: float) -> datetime:
        """Let ``seconds`` pass on both time scales and return the new wall time."""
        if seconds < 0:
            raise ValueError("time does not go back; set_wall_time makes the wall clock jump")
        self._now += timedelta(seconds=seconds)
        self._monotonic += seconds
        return self._now

    def set_wall_time(self, now: datetime) -> None:
        """Make the wall clock jump to ``now``, as an administrator would; monotonic time stays."""
        if now.tzinfo is None:
            raise ValueError(f"naive datetime {now!r}: the clock keeps aware datetimes only")
        self._now = now.astimezone(UTC)


def utcnow() -> datetime:
    """Return the system's wall time, aware, in UTC."""
    return datetime.now(UTC)
