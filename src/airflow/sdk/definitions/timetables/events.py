"""``airflow.sdk.definitions.timetables.events``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.timetables import EventsTimetable

__all__ = ["EventsTimetable"]
