"""What every timetable answers: the next automated run, and a manual run's data interval.

Owns the vocabulary (``DataInterval``, ``NextRun``, ``Window``) and the base class. A timetable is
pure and immutable: it reads no clock (``now`` is passed in), no setting and no database. All
datetimes that come out are aware and in UTC; those that go in may be in any zone.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, NamedTuple, Self

from slipstream.errors import SlipstreamError
from slipstream.spec import TimetableSpec


class InvalidTimetable(SlipstreamError, ValueError):
    """The timetable cannot work as written: a bad cron expression, zone or period."""


class NoOccurrence(SlipstreamError):
    """The schedule never fires again (``0 0 30 2 *``); ``next_run`` answers None."""


class DataInterval(NamedTuple):
    """The stretch of time whose data a run is about; ``start == end`` for an instant."""

    start: datetime
    end: datetime

    @classmethod
    def exact(cls, at: datetime) -> Self:
        """Return the interval that holds only ``at``."""
        return cls(at, at)


class NextRun(NamedTuple):
    """A run that is due at ``run_after`` and not before."""

    logical_date: datetime
    data_interval: DataInterval
    run_after: datetime
    run_id: str | None = None
    """By a timetable of the user's that names its runs; None: they are named as usual."""

    @classmethod
    def after(cls, start: datetime, end: datetime) -> Self:
        """Return the run of the interval ``start``–``end``, due when the interval is over."""
        return cls(start, DataInterval(start, end), end)


class Window(NamedTuple):
    """When a DAG may have automated runs; both ends are inclusive, None is open.

    Without ``catchup`` the occurrences before the newest one are passed over.
    """

    earliest: datetime | None
    latest: datetime | None
    catchup: bool

    def excludes(self, at: datetime) -> bool:
        """Say whether ``at`` is past the window's end."""
        return self.latest is not None and at > self.latest


class Timetable(ABC):
    """When a DAG runs. Subclasses are built-in; users' own timetables live in the SDK."""

    type: ClassVar[str]
    """The ``type`` of the timetable's spec."""
    periodic: bool = True
    """False for schedules that do not repeat by time (none, once, continuous, assets)."""
    can_be_scheduled: bool = True
    """False when no automated run ever comes from it."""
    active_runs_limit: int | None = None
    least_gap: timedelta = timedelta(0)
    """How long after the end of one run's interval the next run may come at the earliest."""

    def next_run(
        self,
        last: DataInterval | None,
        earliest: datetime | None,
        latest: datetime | None,
        catchup: bool,
        now: datetime,
    ) -> NextRun | None:
        """Return the automated run that follows ``last``, or None when there is none.

        ``last`` is the data interval of the newest automated (scheduled or backfill) run, None
        before the first. ``earliest`` and ``latest`` come from ``window.of_dag``.
        """
        window = Window(_utc_or_none(earliest), _utc_or_none(latest), catchup)
        since = None if last is None else DataInterval(to_utc(last[0]), to_utc(last[1]))
        try:
            return self._next(since, window, to_utc(now))
        except NoOccurrence:
            return None

    def runs_between(
        self, earliest: datetime, latest: datetime, now: datetime
    ) -> Iterator[NextRun]:
        """Yield the runs with a logical date from ``earliest`` to ``latest``, as a backfill makes them.

        As Airflow 3: trigger timetables count by the instant that they fire at.
        """
        last: DataInterval | None = None
        while run := self.next_run(last, earliest, latest, True, now):
            if last is not None and run.data_interval.end <= last.end:
                return  # a timetable that stands still, such as the continuous one
            yield run
            last = run.data_interval

    def manual_interval(self, run_after: datetime) -> DataInterval:
        """Return the data interval of a run that somebody triggers for ``run_after``."""
        at = to_utc(run_after)
        try:
            return self._manual(at)
        except NoOccurrence:
            return DataInterval.exact(at)

    def to_spec(self) -> TimetableSpec:
        """Return the spec that ``timetable.build`` turns into an equal timetable."""
        args = self._args()
        return {"type": self.type, "args": args} if args else {"type": self.type}

    def validate(self, now: datetime) -> None:
        """Raise InvalidTimetable unless the timetable can work; constructors check nothing."""
        return

    @property
    @abstractmethod
    def summary(self) -> str:
        """What the UI shows in a list: the expression or the period."""

    @property
    def description(self) -> str:
        """What the UI shows as explanation; empty when there is nothing to add."""
        return ""

    @abstractmethod
    def _next(self, last: DataInterval | None, window: Window, now: datetime) -> NextRun | None: ...

    @abstractmethod
    def _manual(self, run_after: datetime) -> DataInterval: ...

    def _args(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON values, those at their default left out."""
        return {}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Timetable):
            return NotImplemented
        return self.to_spec() == other.to_spec()

    def __hash__(self) -> int:
        return hash((self.type, self.summary))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._args() or ''})"


def to_utc(value: datetime) -> datetime:
    """Return ``value`` as a plain datetime in UTC, whatever subclass or zone it came in."""
    if value.tzinfo is None:
        raise ValueError(f"naive datetime {value!r}: timetables take aware datetimes only")
    at = value.astimezone(UTC)
    if type(at) is datetime:
        return at
    return datetime(
        at.year, at.month, at.day, at.hour, at.minute, at.second, at.microsecond, tzinfo=UTC
    )


def _utc_or_none(value: datetime | None) -> datetime | None:
    return None if value is None else to_utc(value)
