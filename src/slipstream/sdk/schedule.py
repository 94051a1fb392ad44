"""From a DAG's ``schedule=`` argument to its timetable."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta, tzinfo
from typing import TYPE_CHECKING, Any

from slipstream.config import conf
from slipstream.sdk.exceptions import NotSupportedYet

if TYPE_CHECKING:
    from slipstream.sdk.timetables import Timetable

PRESETS = frozenset(
    {"@once", "@continuous", "@hourly", "@daily", "@weekly", "@monthly", "@quarterly", "@yearly"}
)


def check_schedule(schedule: Any) -> None:
    """Check that a value can be a schedule at all, without importing what schedules need.

    :raises ValueError: it cannot
    :raises NotSupportedYet: it is made of assets
    """
    if schedule is None or isinstance(schedule, str | timedelta):
        return
    if hasattr(schedule, "next_dagrun_info"):
        if getattr(schedule, "asset_condition", None) is not None:
            raise NotSupportedYet("scheduling by assets")
        return
    if type(schedule).__name__ == "relativedelta":
        return
    if _is_empty(schedule):
        return
    members = schedule if isinstance(schedule, Collection) else [schedule]
    if all(hasattr(s, "asset_kind") for s in members):
        raise NotSupportedYet("scheduling by assets")
    raise ValueError(
        f"The schedule {schedule!r} is of no known kind: give a cron expression, a timedelta, a "
        "timetable or assets."
    )


def _is_empty(schedule: Any) -> bool:
    """Say whether it is a collection of no assets at all: nothing will ever trigger the DAG."""
    return isinstance(schedule, list | tuple | set | frozenset) and not schedule


def timetable_of(schedule: Any, timezone: tzinfo) -> Timetable:
    """Return the timetable for a checked schedule; ``timezone`` is the DAG's.

    Cron expressions and timedeltas are trigger timetables unless ``[scheduler]
    create_cron_data_intervals`` says otherwise. (As Airflow 3.3: it decides about both;
    ``create_delta_data_intervals`` has no effect there.)
    """
    from slipstream.sdk import timetables as t  # heavy: cron

    if hasattr(schedule, "next_dagrun_info"):
        found: Timetable = schedule
        return found
    if schedule is None or _is_empty(schedule):
        return t.NullTimetable()
    if schedule == "@once":
        return t.OnceTimetable()
    if schedule == "@continuous":
        return t.ContinuousTimetable()
    has_intervals = conf.getboolean("scheduler", "create_cron_data_intervals", fallback=False)
    if isinstance(schedule, str):
        if has_intervals:
            return t.CronDataIntervalTimetable(schedule, timezone)
        return t.CronTriggerTimetable(schedule, timezone=timezone)
    if isinstance(schedule, timedelta) or type(schedule).__name__ == "relativedelta":
        if has_intervals:
            return t.DeltaDataIntervalTimetable(schedule)
        return t.DeltaTriggerTimetable(schedule)
    return t.AssetTriggeredTimetable(schedule)
