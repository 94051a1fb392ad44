"""Timetables of DAGs that assets trigger. The condition is data here: the scheduler evaluates it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from slipstream.timetable.base import (
    DataInterval,
    InvalidTimetable,
    NextRun,
    Timetable,
    Window,
)


class AssetTriggered(Timetable):
    """No run by time; asset events make the runs."""

    type: ClassVar[str] = "asset_triggered"
    periodic: bool = False

    def __init__(self, asset_condition: dict[str, Any]) -> None:
        self.asset_condition = asset_condition

    @property
    def summary(self) -> str:
        return "Asset"

    @property
    def description(self) -> str:
        return "When its assets are updated"

    def _next(self, last: DataInterval | None, window: Window, now: datetime) -> NextRun | None:
        return None

    def _manual(self, run_after: datetime) -> DataInterval:
        return DataInterval.exact(run_after)

    def _args(self) -> dict[str, Any]:
        return {"asset_condition": self.asset_condition}


class AssetOrTime(AssetTriggered):
    """Runs by ``timetable``, and when asset events come."""

    type: ClassVar[str] = "asset_or_time"

    def __init__(self, asset_condition: dict[str, Any], timetable: Timetable) -> None:
        super().__init__(asset_condition)
        self.timetable = timetable
        self.periodic = timetable.periodic
        self.can_be_scheduled = timetable.can_be_scheduled
        self.active_runs_limit = timetable.active_runs_limit

    @property
    def summary(self) -> str:
        return f"Asset or {self.timetable.summary}"

    @property
    def description(self) -> str:
        return f"When its assets are updated, or: {self.timetable.description}"

    def validate(self, now: datetime) -> None:
        if isinstance(self.timetable, AssetTriggered):
            raise InvalidTimetable(
                "an asset timetable cannot hold another one: give it a timetable of dates"
            )
        self.timetable.validate(now)

    def _next(self, last: DataInterval | None, window: Window, now: datetime) -> NextRun | None:
        return self.timetable._next(last, window, now)

    def _manual(self, run_after: datetime) -> DataInterval:
        return self.timetable._manual(run_after)

    def _args(self) -> dict[str, Any]:
        return {**super()._args(), "timetable": self.timetable.to_spec()}
