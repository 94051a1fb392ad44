"""Sensors that wait for a moment, a time of the day, a while, or a weekday."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

from slipstream.clock import utcnow
from slipstream.sdk.exceptions import NotSupportedYet
from slipstream.sdk.sensor import BaseSensorOperator
from slipstream.sdk.standard.weekday import WeekDay
from slipstream.sdk.timezone import convert_to_utc, default_timezone, parse

if TYPE_CHECKING:
    from slipstream.sdk.context import Context


class DateTimeSensor(BaseSensorOperator):
    """Waits for ``target_time`` (a datetime, or text or template of one)."""

    template_fields: Collection[str] = ("target_time",)

    def __init__(self, *, target_time: str | dt.datetime, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if isinstance(target_time, dt.datetime):
            target_time = target_time.isoformat()
        if not isinstance(target_time, str):
            raise TypeError(
                f"target_time is {target_time!r}: it must be a datetime or an ISO 8601 string"
            )
        self.target_time = target_time

    def poke(self, context: Context) -> bool:
        self.log.info("Is it later than %s?", self.target_time)
        return utcnow() > convert_to_utc(parse(self.target_time))


class TimeSensor(BaseSensorOperator):
    """Waits for a time of the day, in the DAG's time zone."""

    def __init__(self, *, target_time: dt.time, deferrable: bool = False, **kwargs: Any) -> None:
        self.deferrable = deferrable
        super().__init__(**kwargs)
        self.target_time = target_time

    def poke(self, context: Context) -> bool:
        zone = self.target_time.tzinfo or self.dag.timezone
        today = utcnow().astimezone(zone).date()
        target = dt.datetime.combine(today, self.target_time.replace(tzinfo=None), zone)
        self.log.info("Is it later than %s?", target)
        return utcnow() > target


class TimeDeltaSensor(BaseSensorOperator):
    """Waits until ``delta`` after the end of the run's data interval."""

    template_fields: Collection[str] = ("delta",)

    def __init__(
        self, *, delta: dt.timedelta | float, deferrable: bool = False, **kwargs: Any
    ) -> None:
        self.deferrable = deferrable
        super().__init__(**kwargs)
        self.delta = delta if isinstance(delta, dt.timedelta) else dt.timedelta(seconds=delta)

    def poke(self, context: Context) -> bool:
        run = context["dag_run"]
        target = (run.data_interval_end or run.run_after) + self.delta
        self.log.info("Is it later than %s?", target)
        return bool(utcnow() > target)


class WaitSensor(BaseSensorOperator):
    """Waits a while after the task's start."""

    template_fields: Collection[str] = ("time_to_wait",)

    def __init__(
        self, time_to_wait: dt.timedelta | float, deferrable: bool = False, **kwargs: Any
    ) -> None:
        self.deferrable = deferrable
        super().__init__(**kwargs)
        given = time_to_wait
        self.time_to_wait = (
            given if isinstance(given, dt.timedelta) else dt.timedelta(minutes=given)
        )

    def execute(self, context: Context) -> None:
        time.sleep(self.time_to_wait.total_seconds())


class DayOfWeekSensor(BaseSensorOperator):
    """Waits for one of given weekdays."""

    def __init__(
        self,
        *,
        week_day: str | Iterable[str] | WeekDay | Iterable[WeekDay],
        use_task_logical_date: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.week_day = week_day
        self.use_task_logical_date = use_task_logical_date
        self._week_day_num = WeekDay.validate_week_day(week_day)

    def poke(self, context: Context) -> bool:
        now: Any = context.get("logical_date") if self.use_task_logical_date else None
        day: int = (now or utcnow()).astimezone(default_timezone()).isoweekday()
        return day in self._week_day_num


class _Deferred(BaseSensorOperator):
    def __init__(self, **kwargs: Any) -> None:
        raise NotSupportedYet(f"deferral ({type(self).__name__} {kwargs.get('task_id')!r})")


class DateTimeSensorAsync(_Deferred):
    """Waits for a moment in the triggerer."""


class TimeSensorAsync(_Deferred):
    """Waits for a time of the day in the triggerer."""


class TimeDeltaSensorAsync(_Deferred):
    """Waits a while in the triggerer."""
