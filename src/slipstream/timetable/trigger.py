"""Timetables that fire a run at each instant of a cadence: cron, several crons, delta.

The run starts at the instant itself; its data interval is the ``interval`` before it, of zero
length by default. Airflow 3 makes these of ``schedule="0 0 * * *"`` and ``schedule=timedelta``.
"""

from __future__ import annotations

from abc import abstractmethod
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from slipstream.timetable import period
from slipstream.timetable.base import (
    DataInterval,
    InvalidTimetable,
    NextRun,
    Timetable,
    Window,
)
from slipstream.timetable.cadence import Cadence, CronCadence, DeltaCadence

if TYPE_CHECKING:
    from slipstream.timetable.period import Period

_MIN_GRACE = timedelta(minutes=5)
_NO_TIME = timedelta(0)


class _Trigger(Timetable):
    def __init__(self, cadence: Cadence, interval: Period) -> None:
        self._cadence = cadence
        self.interval = interval

    def validate(self, now: datetime) -> None:
        self._cadence.validate(now)

    def _manual(self, run_after: datetime) -> DataInterval:
        return DataInterval(period.earlier(run_after, self.interval), run_after)

    def _next(self, last: DataInterval | None, window: Window, now: datetime) -> NextRun | None:
        if window.catchup:
            at = self._following(last, window, now)
        else:
            candidates = [self._cadence.floor(now)]
            if last is not None or window.earliest is None:
                candidates.append(self._following(last, window, now))
            if window.earliest is not None:
                candidates.append(self._cadence.ceil(window.earliest))
            at = max(candidates)
        if window.excludes(at):
            return None
        return NextRun.after(period.earlier(at, self.interval), at)

    def _following(self, last: DataInterval | None, window: Window, now: datetime) -> datetime:
        if last is not None:
            return self._cadence.next(last.end)
        if window.earliest is not None:
            return self._cadence.ceil(window.earliest)
        return self._first(now)

    @abstractmethod
    def _first(self, now: datetime) -> datetime:
        """Return when a DAG without start date and runs runs first."""

    def _args(self) -> dict[str, Any]:
        return {"interval": period.encode(self.interval)} if self.interval else {}


class DeltaTrigger(_Trigger):
    """Fires once per ``delta``."""

    type: ClassVar[str] = "delta_trigger"
    _cadence: DeltaCadence

    def __init__(self, delta: Period, *, interval: Period = _NO_TIME) -> None:
        super().__init__(DeltaCadence(delta), interval)

    @property
    def delta(self) -> Period:
        return self._cadence.delta

    @property
    def summary(self) -> str:
        return str(self.delta)

    def _first(self, now: datetime) -> datetime:
        return now

    def _args(self) -> dict[str, Any]:
        return {"delta": period.encode(self.delta), **super()._args()}


class CronTrigger(_Trigger):
    """Fires when the cron expression matches the wall clock in ``timezone``.

    ``run_immediately`` decides what a DAG without start date does first: True runs the newest
    past occurrence at once; a timedelta does so if that is no longer ago than this; False (and
    None) if it is no longer ago than a tenth of the gap between occurrences, at least 5 minutes.
    """

    type: ClassVar[str] = "cron_trigger"
    _cadence: CronCadence

    def __init__(
        self,
        expression: str,
        timezone: str,
        *,
        interval: Period = _NO_TIME,
        run_immediately: bool | timedelta | None = False,
    ) -> None:
        super().__init__(CronCadence(expression, timezone), interval)
        self.run_immediately = run_immediately

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

    def _first(self, now: datetime) -> datetime:
        past, coming = self._cadence.floor(now), self._cadence.ceil(now)
        if self.run_immediately is True:
            return past
        if isinstance(self.run_immediately, timedelta):
            grace = self.run_immediately
        else:
            grace = max((coming - past) / 10, _MIN_GRACE)
        return past if now - past <= grace else coming

    def _args(self) -> dict[str, Any]:
        return {
            "expression": self.expression,
            "timezone": self.timezone,
            **super()._args(),
            **_encode_run_immediately(self.run_immediately),
        }


class MultipleCronTrigger(Timetable):
    """Fires when any of several cron expressions matches; once if several match together."""

    type: ClassVar[str] = "multiple_cron_trigger"

    def __init__(
        self,
        *expressions: str,
        timezone: str,
        interval: Period = _NO_TIME,
        run_immediately: bool | timedelta | None = False,
    ) -> None:
        if not expressions:
            raise InvalidTimetable("cron expression required")
        self.triggers = tuple(
            CronTrigger(e, timezone, interval=interval, run_immediately=run_immediately)
            for e in expressions
        )

    @property
    def summary(self) -> str:
        return ", ".join(t.summary for t in self.triggers)

    @property
    def description(self) -> str:
        return ", ".join(t.description for t in self.triggers)

    def validate(self, now: datetime) -> None:
        for trigger in self.triggers:
            trigger.validate(now)

    def _manual(self, run_after: datetime) -> DataInterval:
        return min(t.manual_interval(run_after) for t in self.triggers)

    def _next(self, last: DataInterval | None, window: Window, now: datetime) -> NextRun | None:
        found = [t.next_run(last, *window, now) for t in self.triggers]
        runs = [run for run in found if run is not None]
        past = [run for run in runs if run.logical_date <= now]
        if past and not window.catchup:
            return max(past, key=lambda run: run.logical_date)  # skip all but the newest
        return min(runs, key=lambda run: run.logical_date, default=None)

    def _args(self) -> dict[str, Any]:
        first = self.triggers[0]._args()
        del first["expression"]
        return {"expressions": [t.expression for t in self.triggers], **first}


def _encode_run_immediately(value: bool | timedelta | None) -> dict[str, Any]:
    if isinstance(value, timedelta):
        return {"run_immediately": period.encode(value)}
    return {"run_immediately": True} if value else {}


def decode_run_immediately(value: bool | float) -> bool | timedelta:
    """Return the ``run_immediately`` of a spec: a flag, or seconds as a timedelta."""
    return value if isinstance(value, bool) else timedelta(seconds=value)
