"""A timetable of listed instants."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar

from slipstream.timetable.base import DataInterval, NextRun, Timetable, Window, to_utc


class Events(Timetable):
    """Runs at each of ``event_dates``.

    With ``restrict_to_events`` a manual run takes the newest past event's date (the first
    event's, when all are to come) instead of its own.
    """

    type: ClassVar[str] = "events"

    def __init__(
        self,
        event_dates: Iterable[datetime],
        *,
        restrict_to_events: bool = False,
        presorted: bool = False,
        description: str | None = None,
    ) -> None:
        self.event_dates = tuple(event_dates if presorted else sorted(event_dates))
        self.restrict_to_events = restrict_to_events
        self._given_description = description
        self._events = tuple(to_utc(e) for e in self.event_dates)

    @property
    def summary(self) -> str:
        if self._given_description is not None:
            return self._given_description
        return f"{len(self.event_dates)} events"

    @property
    def description(self) -> str:
        if self._given_description is not None:
            return self._given_description
        if not self.event_dates:
            return "No events"
        first, last = self.event_dates[0], self.event_dates[-1]
        return f"{len(self.event_dates)} events between {first.isoformat()} and {last.isoformat()}"

    def _next(self, last: DataInterval | None, window: Window, now: datetime) -> NextRun | None:
        earliest = window.earliest
        if not window.catchup:
            earliest = now if earliest is None else max(now, earliest)
        for event in self._events:
            if earliest is not None and event < earliest:
                continue
            if last is not None and event <= last.end:
                continue
            return None if window.excludes(event) else NextRun.after(event, event)
        return None

    def _manual(self, run_after: datetime) -> DataInterval:
        if not self.restrict_to_events or not self._events:
            return DataInterval.exact(run_after)
        past = bisect_right(self._events, run_after)
        return DataInterval.exact(self._events[max(past - 1, 0)])

    def _args(self) -> dict[str, Any]:
        # With the offsets that the author wrote: the description shows them.
        args: dict[str, Any] = {"event_dates": [e.isoformat() for e in self.event_dates]}
        if self.restrict_to_events:
            args["restrict_to_events"] = True
        if self._given_description is not None:
            args["description"] = self._given_description
        return args
