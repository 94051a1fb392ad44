"""Branching by date and time of day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from slipstream.clock import utcnow
from slipstream.sdk.branch import BaseBranchOperator
from slipstream.sdk.exceptions import AirflowException
from slipstream.sdk.timezone import coerce_datetime

if TYPE_CHECKING:
    from slipstream.sdk.context import Context

Bound = dt.datetime | dt.time | None


class BranchDateTimeOperator(BaseBranchOperator):
    """Follows one branch between two bounds and another outside of them.

    :param target_lower: a datetime, or a time of the day; None is open
    :param target_upper: likewise
    :param use_task_logical_date: compare the run's logical date instead of now
    """

    def __init__(
        self,
        *,
        follow_task_ids_if_true: str | Iterable[str],
        follow_task_ids_if_false: str | Iterable[str],
        target_lower: Bound,
        target_upper: Bound,
        use_task_logical_date: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if target_lower is None and target_upper is None:
            raise AirflowException(
                "There is nothing to compare the time with: set target_lower, target_upper, or both"
            )
        self.follow_task_ids_if_true = follow_task_ids_if_true
        self.follow_task_ids_if_false = follow_task_ids_if_false
        self.target_lower, self.target_upper = target_lower, target_upper
        self.use_task_logical_date = use_task_logical_date

    def choose_branch(self, context: Context) -> str | Iterable[str]:
        logical = context.get("logical_date") if self.use_task_logical_date else None
        now: Any = logical or coerce_datetime(utcnow())
        lower, upper = target_times_as_dates(now, self.target_lower, self.target_upper)
        inside = (lower is None or now >= lower) and (upper is None or now <= upper)
        return self.follow_task_ids_if_true if inside else self.follow_task_ids_if_false


def target_times_as_dates(
    base_date: dt.datetime, lower: Bound, upper: Bound
) -> tuple[dt.datetime | None, dt.datetime | None]:
    """Return bounds as datetimes; times are of ``base_date``, the upper of the next day if earlier."""
    low, high = _on(base_date, lower), _on(base_date, upper)
    if low is not None and high is not None and isinstance(upper, dt.time) and high < low:
        high += dt.timedelta(days=1)
    return low, high


def _on(base: dt.datetime, bound: Bound) -> dt.datetime | None:
    if isinstance(bound, dt.time):
        combined = dt.datetime.combine(base, bound)
        bound = combined if combined.tzinfo else combined.replace(tzinfo=base.tzinfo)
    return coerce_datetime(bound, base.tzinfo) if bound is not None else None
