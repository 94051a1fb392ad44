"""Timetables without a cadence: never, once, and again as soon as the last run is over."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from slipstream.timetable.base import DataInterval, NextRun, Timetable, Window


class _Simple(Timetable):
    periodic: bool = False

    def _manual(self, run_after: datetime) -> DataInterval:
        return DataInterval.exact(run_after)


class Null(_Simple):
    """``schedule=None``: runs only when somebody triggers it."""

    type: ClassVar[str] = "null"
    can_be_scheduled: bool = False

    @property
    def summary(self) -> str:
        return "None"

    @property
    def description(self) -> str:
        return "Only when somebody triggers it"

    def _next(self, last: DataInterval | None, window: Window, now: datetime) -> NextRun | None:
        return None


class Once(_Simple):
    """``@once``: one run, at the start date or at once; catchup makes no difference."""

    type: ClassVar[str] = "once"

    @property
    def summary(self) -> str:
        return "@once"

    @property
    def description(self) -> str:
        return "One time, at once or at the start date"

    def _next(self, last: DataInterval | None, window: Window, now: datetime) -> NextRun | None:
        at = window.earliest or now
        if last is not None or window.excludes(at):
            return None
        return NextRun.after(at, at)


class Continuous(_Simple):
    """``@continuous``: a new run as soon as the last one is over, one at a time."""

    type: ClassVar[str] = "continuous"
    active_runs_limit: int | None = 1
    # A DAG whose runs end at once, say because its file cannot be loaded, would make a hundred a
    # second for ever. Airflow's slower loop has no need of a limit.
    least_gap: timedelta = timedelta(seconds=1)

    @property
    def summary(self) -> str:
        return "@continuous"

    @property
    def description(self) -> str:
        return "Run after run, without a pause"

    def _next(self, last: DataInterval | None, window: Window, now: datetime) -> NextRun | None:
        start = window.earliest or now
        if last is None:
            end = max(start, now)
        elif last.end > now:  # the start date was in the future: keep that run's length
            end = start + (last.end - last.start)
        else:
            start, end = last.end, now
        return None if window.excludes(end) else NextRun.after(start, end)
