"""Cadences: the endless row of instants at which a cron expression or a period fires.

A timetable decides what a run is about; its cadence only knows the instants. All arguments and
results are in UTC.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from slipstream.timetable import describe, period
from slipstream.timetable.base import InvalidTimetable, NoOccurrence
from slipstream.timetable.zone import from_wall, to_wall, zone

if TYPE_CHECKING:
    from croniter import croniter
    from dateutil.relativedelta import relativedelta

    from slipstream.timetable.period import Period

PRESETS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@quarterly": "0 0 1 */3 *",
    "@yearly": "0 0 1 1 *",
}
"""Names that Airflow replaces by their expression; croniter knows ``@annually`` and
``@midnight`` by itself, and they are shown as they are."""

_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


class Cadence(ABC):
    @abstractmethod
    def next(self, at: datetime) -> datetime:
        """Return the first instant after ``at``."""

    @abstractmethod
    def previous(self, at: datetime) -> datetime:
        """Return the last instant before ``at``."""

    @abstractmethod
    def ceil(self, at: datetime) -> datetime:
        """Return ``at`` when it is an instant of the cadence, else the next one."""

    @abstractmethod
    def floor(self, at: datetime) -> datetime:
        """Return ``at`` when it is an instant of the cadence, else the previous one."""

    @abstractmethod
    def newest_start(self, now: datetime, anchor: datetime | None) -> datetime:
        """Return the start of the newest whole interval at ``now``; ``anchor`` is the window's start."""

    @abstractmethod
    def validate(self, now: datetime) -> None:
        """Raise InvalidTimetable when the cadence cannot work."""


class CronCadence(Cadence):
    """A cron expression on the wall clock of a zone."""

    def __init__(self, expression: str, timezone: str) -> None:
        self.expression = PRESETS.get(expression, expression)
        self.timezone = timezone

    @cached_property
    def description(self) -> str:
        return describe.cron(self.expression)

    def validate(self, now: datetime) -> None:
        zone(self.timezone)
        _ = self._cron

    def next(self, at: datetime) -> datetime:
        wall = to_wall(at, zone(self.timezone))
        occurrence = self._step(wall, forward=True)
        if self._fires_every_hour:
            return at + (occurrence - wall)
        return from_wall(occurrence, zone(self.timezone))

    def previous(self, at: datetime) -> datetime:
        wall = to_wall(at, zone(self.timezone))
        occurrence = self._step(wall, forward=False)
        if self._fires_every_hour:
            return at - (wall - occurrence)
        return from_wall(occurrence, zone(self.timezone))

    def ceil(self, at: datetime) -> datetime:
        following = self.next(at)
        return at if self.previous(following) == at else following

    def floor(self, at: datetime) -> datetime:
        preceding = self.previous(at)
        return at if self.next(preceding) == at else preceding

    def newest_start(self, now: datetime, anchor: datetime | None) -> datetime:
        last = self.previous(now)
        # On the very boundary the interval that ends now is whole; else the one before it is.
        # (Odd changes of clocks put the next occurrence before now. Airflow fails then.)
        return last if self.next(last) <= now else self.previous(last)

    def _step(self, wall: datetime, *, forward: bool) -> datetime:
        from croniter import CroniterBadDateError  # lazily: see _cron

        cron = self._cron
        cron.set_current(wall, force=True)
        try:
            found = cron.get_next(datetime) if forward else cron.get_prev(datetime)
        except CroniterBadDateError:
            raise NoOccurrence(f"cron expression {self.expression!r} never fires") from None
        return found

    @cached_property
    def _cron(self) -> croniter:
        # croniter costs 30 ms and 7 MB: a task process that loads a DAG file must not pay.
        from croniter import CroniterBadCronError, CroniterBadDateError, croniter

        try:
            return croniter(self.expression, _EPOCH.replace(tzinfo=None))
        except (CroniterBadCronError, CroniterBadDateError) as e:
            raise InvalidTimetable(f"{self.expression!r} is no cron expression: {e}") from None

    @cached_property
    def _fires_every_hour(self) -> bool:
        """Whether the hour field is ``*``: then steps count elapsed time, not wall time.

        When clocks are set back, ``30 * * * *`` must fire in both of the equal hours. As
        Airflow 3, only a plain ``*`` gets this.
        """
        return bool(self._cron.expanded[1] == ["*"])


class DeltaCadence(Cadence):
    """A fixed period, counted from wherever one stands: every instant is on the cadence."""

    def __init__(self, delta: timedelta | relativedelta) -> None:
        self.delta = period.plain(delta)

    def validate(self, now: datetime) -> None:
        if period.later(now, self.delta) <= now:
            raise InvalidTimetable(
                f"a schedule must lead forwards in time: {self.delta!r} is not above zero"
            )

    def next(self, at: datetime) -> datetime:
        return period.later(at, self.delta)

    def previous(self, at: datetime) -> datetime:
        return period.earlier(at, self.delta)

    def ceil(self, at: datetime) -> datetime:
        return at

    def floor(self, at: datetime) -> datetime:
        return at

    def newest_start(self, now: datetime, anchor: datetime | None) -> datetime:
        return self.previous(self._boundary(now, anchor or now))

    def _boundary(self, at: datetime, anchor: datetime) -> datetime:
        """Return the newest boundary at or before ``at``.

        As Airflow 3: periods of fixed length have their boundaries at multiples since the epoch;
        months and years are counted one by one from ``anchor``, because clamping to short months
        depends on the path (31 January, 28 February, 28 March).
        """
        delta: Period = self.delta
        if not isinstance(delta, timedelta):
            if delta.months or delta.years:
                boundary = anchor
                while (following := self.next(boundary)) <= at:
                    boundary = following
                return boundary
            delta = timedelta(
                days=delta.days, hours=delta.hours, minutes=delta.minutes, seconds=delta.seconds
            )
        if not delta:
            raise NoOccurrence(f"period {self.delta!r} has no length")
        return at - (at - _EPOCH) % delta
