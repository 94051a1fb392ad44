"""Timetables whose runs follow data intervals: a run starts when its interval is over.

Airflow 3 makes these of plain schedules when ``[scheduler] create_cron_data_intervals`` is set,
as Airflow 2 always did.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from slipstream.timetable import period
from slipstream.timetable.base import DataInterval, NextRun, Timetable, Window
from slipstream.timetable.cadence import Cadence, CronCadence, DeltaCadence

if TYPE_CHECKING:
    from slipstream.timetable.period import Period


class _Intervals(Timetable):
    def __init__(self, cadence: Cadence) -> None:
        self._cadence = cadence

    def validate(self, now: datetime) -> None:
        self._cadence.validate(now)

    def _manual(self, run_after: datetime) -> DataInterval:
        end = self._cadence.floor(run_after)
        return DataInterval(self._cadence.previous(end), end)

    def _next(self, last: DataInterval | None, window: Window, now: datetime) -> NextRun | None:
        start = self._not_before(window, now)
        if last is not None:
            # Floored because the schedule may have changed since that run.
            resumed = self._cadence.floor(last.end)
            start = resumed if start is None else max(resumed, start)
            if start <= last.start:
                # A coarser schedule floored it onto a logical date that already has its run.
                start = self._cadence.next(start)
            if start <= last.start:
                # Some changes of clocks by less than an hour confuse cron. Airflow fails here.
                start = last.end if last.end > last.start else self._cadence.next(last.end)
        if start is None or window.excludes(start):
            return None
        return NextRun.after(start, self._cadence.next(start))

    def _not_before(self, window: Window, now: datetime) -> datetime | None:
        """Return the first start that the window allows; None when it is open."""
        opens = None if window.earliest is None else self._cadence.ceil(window.earliest)
        if window.catchup:
            return opens
        newest = self._cadence.newest_start(now, window.earliest)
        return newest if opens is None else max(newest, opens)


class CronDataInterval(_Intervals):
    """Intervals between the occurrences of a cron expression."""

    type: ClassVar[str] = "cron_data_interval"
    _cadence: CronCadence

    def __init__(self, expression: str, timezone: str) -> None:
        super().__init__(CronCadence(expression, timezone))

    @property
    def expression(self) -> str:
        return self._cadence.expression

    @property
    def timezone(self) -> str:
        return self._cadence.timezone

    @property
    def summary(self) -> str:
        return self._cadence.expression

    @property
    def description(self) -> str:
        return self._cadence.description

    def _args(self) -> dict[str, Any]:
        return {"expression": self.expression, "timezone": self.timezone}


class DeltaDataInterval(_Intervals):
    """Intervals of one ``delta`` each, back to back."""

    type: ClassVar[str] = "delta_data_interval"
    _cadence: DeltaCadence

    def __init__(self, delta: Period) -> None:
        super().__init__(DeltaCadence(delta))

    @property
    def delta(self) -> Period:
        return self._cadence.delta

    @property
    def summary(self) -> str:
        return str(self.delta)

    def _args(self) -> dict[str, Any]:
        return {"delta": period.encode(self.delta)}
