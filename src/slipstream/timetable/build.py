"""From a timetable's spec to the timetable."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from slipstream.spec import TimetableSpec
from slipstream.timetable import period
from slipstream.timetable.asset import AssetOrTime, AssetTriggered
from slipstream.timetable.base import InvalidTimetable, Timetable
from slipstream.timetable.events import Events
from slipstream.timetable.interval import CronDataInterval, DeltaDataInterval
from slipstream.timetable.simple import Continuous, Null, Once
from slipstream.timetable.trigger import (
    CronTrigger,
    DeltaTrigger,
    MultipleCronTrigger,
    decode_run_immediately,
)

CUSTOM = "custom"
_AIRFLOW_NAMES = {
    "asset_or_time": "AssetOrTimeSchedule",
    "asset_triggered": "AssetTriggeredTimetable",
    "continuous": "ContinuousTimetable",
    "cron_data_interval": "CronDataIntervalTimetable",
    "cron_trigger": "CronTriggerTimetable",
    "delta_data_interval": "DeltaDataIntervalTimetable",
    "delta_trigger": "DeltaTriggerTimetable",
    "events": "EventsTimetable",
    "multiple_cron_trigger": "MultipleCronTriggerTimetable",
    "null": "NullTimetable",
    "once": "OnceTimetable",
}


def timetable_type(spec: TimetableSpec) -> str:
    """Return the name that Airflow knows the timetable's class by: with its path for a custom one."""
    if spec["type"] == CUSTOM:
        return spec.get("class_path", "")
    return _AIRFLOW_NAMES.get(spec["type"], spec["type"])


def build(spec: TimetableSpec, timezone: str) -> Timetable:
    """Return the built-in timetable that ``spec`` describes.

    ``timezone`` is the DAG's, for cron specs that name none. Raises InvalidTimetable for a
    ``custom`` one, which is user code and runs only in the DAG processor's child.
    """
    kind = spec["type"]
    if kind == CUSTOM:
        raise InvalidTimetable(
            f"{spec.get('class_path')} is a custom timetable: only the DAG processor can run it"
        )
    try:
        builder = _BUILDERS[kind]
    except KeyError:
        raise InvalidTimetable(
            f"unknown timetable type {kind!r}; known are {', '.join(sorted(_BUILDERS))}"
        ) from None
    try:
        return builder({"timezone": timezone, **spec.get("args", {})})
    except KeyError as e:
        raise InvalidTimetable(f"timetable {kind!r} lacks its argument {e}") from None


def _cron_options(args: dict[str, Any]) -> dict[str, Any]:
    return {
        "timezone": args["timezone"],
        "interval": period.decode(args.get("interval", 0)),
        "run_immediately": decode_run_immediately(args.get("run_immediately", False)),
    }


def _events(args: dict[str, Any]) -> Events:
    return Events(
        [datetime.fromisoformat(e) for e in args["event_dates"]],
        restrict_to_events=args.get("restrict_to_events", False),
        presorted=True,
        description=args.get("description"),
    )


def _delta_trigger(args: dict[str, Any]) -> DeltaTrigger:
    return DeltaTrigger(
        period.decode(args["delta"]), interval=period.decode(args.get("interval", 0))
    )


_BUILDERS: dict[str, Callable[[dict[str, Any]], Timetable]] = {
    "null": lambda a: Null(),
    "once": lambda a: Once(),
    "continuous": lambda a: Continuous(),
    "cron_trigger": lambda a: CronTrigger(a["expression"], **_cron_options(a)),
    "multiple_cron_trigger": lambda a: MultipleCronTrigger(*a["expressions"], **_cron_options(a)),
    "cron_data_interval": lambda a: CronDataInterval(a["expression"], a["timezone"]),
    "delta_trigger": _delta_trigger,
    "delta_data_interval": lambda a: DeltaDataInterval(period.decode(a["delta"])),
    "events": _events,
    "asset_triggered": lambda a: AssetTriggered(a["asset_condition"]),
    "asset_or_time": lambda a: AssetOrTime(
        a["asset_condition"], build(a["timetable"], a["timezone"])
    ),
}
