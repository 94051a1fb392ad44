"""``airflow.sdk.bases.timetable``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.timetables import Timetable as BaseTimetable

__all__ = ["BaseTimetable"]
