"""``airflow.timetables.interval``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.timetables import CronDataIntervalTimetable, DeltaDataIntervalTimetable

__all__ = ["CronDataIntervalTimetable", "DeltaDataIntervalTimetable"]
