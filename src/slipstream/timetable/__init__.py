"""Timetables: when a DAG runs next, and what data a run is about. Pure: no clock, no I/O.

``build(spec, timezone)`` makes a timetable of its spec, the classes make one by hand; then::

    run = timetable.next_run(last, earliest, latest, catchup, now)
    interval = timetable.manual_interval(run_after)

What comes out is what Airflow 3 computes, across the changes of clocks in every zone.
"""

from slipstream.timetable.asset import AssetOrTime, AssetTriggered
from slipstream.timetable.base import (
    DataInterval,
    InvalidTimetable,
    NextRun,
    Timetable,
    Window,
)
from slipstream.timetable.build import CUSTOM, build, timetable_type
from slipstream.timetable.cadence import PRESETS
from slipstream.timetable.events import Events
from slipstream.timetable.interval import CronDataInterval, DeltaDataInterval
from slipstream.timetable.simple import Continuous, Null, Once
from slipstream.timetable.trigger import CronTrigger, DeltaTrigger, MultipleCronTrigger
from slipstream.timetable.window import of_dag
from slipstream.timetable.zone import zone, zone_name

__all__ = [
    "CUSTOM",
    "PRESETS",
    "AssetOrTime",
    "AssetTriggered",
    "Continuous",
    "CronDataInterval",
    "CronTrigger",
    "DataInterval",
    "DeltaDataInterval",
    "DeltaTrigger",
    "Events",
    "InvalidTimetable",
    "MultipleCronTrigger",
    "NextRun",
    "Null",
    "Once",
    "Timetable",
    "Window",
    "build",
    "of_dag",
    "timetable_type",
    "zone",
    "zone_name",
]
