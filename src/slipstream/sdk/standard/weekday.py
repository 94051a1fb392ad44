"""Weekdays, and branching by them."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from slipstream.clock import utcnow
from slipstream.sdk.branch import BaseBranchOperator
from slipstream.sdk.timezone import default_timezone

if TYPE_CHECKING:
    from slipstream.sdk.context import Context


class WeekDay(IntEnum):
    """The days of the week as ISO numbers them."""

    MONDAY = 1
    TUESDAY = 2
    WEDNESDAY = 3
    THURSDAY = 4
    FRIDAY = 5
    SATURDAY = 6
    SUNDAY = 7

    @classmethod
    def get_weekday_number(cls, week_day_str: str) -> WeekDay:
        """Return the day of that name, in any case.

        :raises AttributeError: there is none
        """
        try:
            return cls[week_day_str.upper()]
        except KeyError:
            raise AttributeError(f"{week_day_str!r} is no day of the week") from None

    @classmethod
    def convert(cls, day: str | WeekDay) -> int:
        """Return the number of a day given by name or as itself."""
        return int(day if isinstance(day, WeekDay) else cls.get_weekday_number(day))

    @classmethod
    def validate_week_day(cls, week_day: Any) -> set[int]:
        """Return the numbers of one day or several."""
        if isinstance(week_day, str | WeekDay):
            return {cls.convert(week_day)}
        if isinstance(week_day, Iterable):
            return {cls.convert(day) for day in week_day}
        raise TypeError(
            f"week_day is a {type(week_day).__name__}: it must be a day's name, a WeekDay, or "
            "several of them"
        )


class BranchDayOfWeekOperator(BaseBranchOperator):
    """Follows one branch on given weekdays and another on the others.

    :param use_task_logical_date: take the run's logical date instead of today
    """

    def __init__(
        self,
        *,
        follow_task_ids_if_true: str | Iterable[str],
        follow_task_ids_if_false: str | Iterable[str],
        week_day: str | Iterable[str] | WeekDay | Iterable[WeekDay],
        use_task_logical_date: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.follow_task_ids_if_true = follow_task_ids_if_true
        self.follow_task_ids_if_false = follow_task_ids_if_false
        self.week_day = week_day
        self.use_task_logical_date = use_task_logical_date
        self._week_day_num = WeekDay.validate_week_day(week_day)

    def choose_branch(self, context: Context) -> str | Iterable[str]:
        now = context.get("logical_date") if self.use_task_logical_date else None
        day = (now or utcnow()).astimezone(default_timezone()).isoweekday()
        on_day = day in self._week_day_num
        return self.follow_task_ids_if_true if on_day else self.follow_task_ids_if_false
