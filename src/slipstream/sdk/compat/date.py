"""``airflow.utils.dates``: what DAG files of Airflow 1.10 and 2 take their start dates from."""

from __future__ import annotations

import warnings
from datetime import datetime, timedelta
from typing import Any

from slipstream.clock import utcnow
from slipstream.sdk.exceptions import RemovedInAirflow3Warning

cron_presets: dict[str, str] = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@quarterly": "0 0 1 */3 *",
    "@yearly": "0 0 1 1 *",
}


def days_ago(
    n: int, hour: int = 0, minute: int = 0, second: int = 0, microsecond: int = 0
) -> datetime:
    """Return midnight UTC (or another time of the day) ``n`` days ago."""
    warnings.warn(
        "`days_ago` is gone since Airflow 3: give a fixed start_date.",
        RemovedInAirflow3Warning,
        stacklevel=2,
    )
    today = utcnow().replace(hour=hour, minute=minute, second=second, microsecond=microsecond)
    return today - timedelta(days=n)


def date_range(
    start_date: datetime,
    end_date: datetime | None = None,
    num: int | None = None,
    delta: str | timedelta | None = None,
) -> list[datetime]:
    """Return moments from ``start_date``, ``delta`` apart (a timedelta or a cron expression)."""
    if not delta:
        return []
    end = end_date or (utcnow() if num is None else None)
    moments = _steps(start_date, delta)
    found: list[datetime] = []
    for at in moments:
        if (end is not None and at > end) or (num is not None and len(found) >= abs(num)):
            return found
        found.append(at)
    return found


def _steps(start: datetime, delta: str | timedelta) -> Any:
    if isinstance(delta, timedelta):
        at = start
        while True:
            yield at
            at = at + delta
    from croniter import croniter  # heavy, and only for cron

    cron = croniter(cron_presets.get(delta, delta), start - timedelta(microseconds=1))
    while True:
        yield cron.get_next(datetime)
