"""Periods: ``timedelta`` or dateutil's ``relativedelta``, and their JSON form in a spec.

A timedelta is a number of seconds; a relativedelta is an object of its non-zero fields, with
``weekday`` as ``[day]`` or ``[day, n]``.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from dateutil.relativedelta import relativedelta

    Period: TypeAlias = timedelta | relativedelta


def plain(period: Period) -> Period:
    """Return pendulum's and pandas' durations as what they are, a timedelta: as Airflow shows it."""
    if not isinstance(period, timedelta) or type(period) is timedelta:
        return period
    return timedelta(seconds=period.total_seconds())


def encode(period: Period) -> Any:
    """Return ``period`` as a JSON value."""
    if isinstance(period, timedelta):
        seconds = period.total_seconds()
        return int(seconds) if seconds.is_integer() else seconds
    fields = {k: v for k, v in vars(period).items() if v and not k.startswith("_")}
    if weekday := fields.get("weekday"):
        fields["weekday"] = [weekday.weekday, weekday.n] if weekday.n else [weekday.weekday]
    return fields


def decode(value: Any) -> Period:
    """Return the period that ``encode`` wrote."""
    if not isinstance(value, dict):
        return timedelta(seconds=value)
    # dateutil is slow to import, and few schedules need it.
    from dateutil.relativedelta import relativedelta, weekday

    fields = dict(value)
    if "weekday" in fields:
        fields["weekday"] = weekday(*fields["weekday"])
    return relativedelta(**fields)


def later(at: datetime, period: Period) -> datetime:
    """Return the UTC instant one ``period`` after ``at`` (calendar fields counted in UTC)."""
    return (at + period).astimezone(UTC)


def earlier(at: datetime, period: Period) -> datetime:
    """Return the UTC instant one ``period`` before ``at`` (calendar fields counted in UTC)."""
    return (at - period).astimezone(UTC)
