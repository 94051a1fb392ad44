"""The only reader of wall time.

Whatever needs to know the time takes a ``Clock``, so that tests can hand it a ``FakeClock``; code
that nobody injects into calls ``utcnow``.

All machines of an installation go by the database's clock: a ``SyncedClock`` is this machine's,
put right by what the database says the time is.
"""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

log = logging.getLogger(__name__)

_START = datetime(2026, 1, 1, tzinfo=UTC)
_NEGLIGIBLE = timedelta(seconds=1)


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


class SyncedClock:
    """Another clock plus an offset, so that it shows what ``heard`` was told.

    A difference of up to a second is let be: it changes nothing that people see, and a clock that
    is set all the time would go backwards now and then.
    """

    def __init__(self, base: Clock | None = None) -> None:
        self._base = base or SystemClock()
        self.offset = timedelta()
        """What is added to the base's time."""
        self._first_offset: timedelta | None = None
        """The offset that was heard first; None: nothing was heard yet."""

    def now(self) -> datetime:
        return self._base.now() + self.offset

    @property
    def has_heard(self) -> bool:
        """Whether the base's time has been compared with another."""
        return self._first_offset is not None

    def guess(self) -> datetime:
        """Return the base's time, for ``put_right`` once something has been heard."""
        return self._base.now()

    def put_right(self, guess: datetime) -> datetime:
        """Return what ``now`` would have been at a ``guess`` that was made before the first word.

        Says the same whenever it is asked, once something has been heard.
        """
        return guess + (self._first_offset or timedelta())

    def monotonic(self) -> float:
        return self._base.monotonic()

    def heard(self, theirs: datetime, waited_s: float = 0.0) -> None:
        """Take note of the time that the answer of a moment ago gave.

        ``waited_s`` is how long the answer took: it was true about half of that ago.
        """
        offset = theirs + timedelta(seconds=waited_s / 2) - self._base.now()
        uncertain = _NEGLIGIBLE + timedelta(seconds=waited_s / 2)
        if abs(offset - self.offset) <= uncertain:
            if self._first_offset is None:
                self._first_offset = self.offset
            return
        self.offset = timedelta() if abs(offset) <= uncertain else offset
        if self._first_offset is None:
            self._first_offset = self.offset
        log.warning(
            "this machine's clock is %.1f s %s the database's; the database's counts",
            abs(offset.total_seconds()),
            "behind" if offset > timedelta() else "ahead of",
        )


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
    """Return the wall time, aware, in UTC: the system's, unless ``shift`` has put it right."""
    return datetime.now(UTC) + _shift if _shift else datetime.now(UTC)


_shift = timedelta()


def shift(seconds: float) -> None:
    """Have ``utcnow`` show this many seconds more than the system's clock, in this process.

    A task process is told so by its host when the machine's clock is not the database's.
    """
    global _shift
    _shift = timedelta(seconds=seconds)
