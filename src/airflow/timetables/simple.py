"""``airflow.timetables.simple``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.timetables import (
    AssetTriggeredTimetable,
    ContinuousTimetable,
    NullTimetable,
    OnceTimetable,
)

__all__ = ["AssetTriggeredTimetable", "ContinuousTimetable", "NullTimetable", "OnceTimetable"]
