"""``airflow.sdk.definitions.timetables.simple``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.timetables import ContinuousTimetable, NullTimetable, OnceTimetable

__all__ = ["ContinuousTimetable", "NullTimetable", "OnceTimetable"]
