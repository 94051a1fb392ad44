"""``airflow.timetables.base``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.timetables import DagRunInfo, DataInterval, TimeRestriction, Timetable

__all__ = ["DagRunInfo", "DataInterval", "TimeRestriction", "Timetable"]
