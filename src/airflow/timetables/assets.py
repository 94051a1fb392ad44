"""``airflow.timetables.assets``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.timetables import AssetOrTimeSchedule

__all__ = ["AssetOrTimeSchedule"]
