"""``airflow.sdk.definitions.timetables.assets``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.timetables import (
    AssetOrTimeSchedule,
    AssetTriggeredTimetable,
    PartitionedAssetTimetable,
    PartitionedAtRuntime,
)

__all__ = [
    "AssetOrTimeSchedule",
    "AssetTriggeredTimetable",
    "PartitionedAssetTimetable",
    "PartitionedAtRuntime",
]
