"""Ours: a run's tries in time, and a DAG's runs in the calendar."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from starlette.responses import Response

from slipstream.api.call import Viewer
from slipstream.api.error import dag_not_found, run_not_found
from slipstream.api.present.live import grid_run
from slipstream.api.query import DateTime
from slipstream.api.replies import replies
from slipstream.api.reply import Json
from slipstream.spec import DagSpec
from slipstream.store import dag
from slipstream.store.listing import dag as dags
from slipstream.store.listing.dag import DagListed
from slipstream.store.live import calendar, gantt
from slipstream.store.live import run as runs
from slipstream.timetable.base import DataInterval
from slipstream.timetable.build import CUSTOM, build
from slipstream.timetable.window import of_dag

router = APIRouter(tags=["Slipstream"])

MAX_BARS = 5000
MAX_PLANNED = 2000


@router.get("/dags/{dag_id}/dagRuns/{dag_run_id}/gantt", responses=replies("GanttResponse", 404))
def get_gantt(
    call: Viewer,
    dag_id: str,
    dag_run_id: str,
    limit: Annotated[int, Query(ge=0, le=MAX_BARS)] = 1000,
    offset: Annotated[int, Query(ge=0, lt=2**31)] = 0,
) -> Response:
    """Return when each try of a run's task instances waited and ran."""
    with call.store.read() as conn:
        row = runs.get(conn, dag_id, dag_run_id)
        if row is None:
            raise run_not_found(dag_id, dag_run_id)
        page = gantt.bars(conn, row.id, limit, offset)
    bars = [bar._asdict() for bar in page.rows]
    return Json({"run": grid_run(row), "bars": bars, "total_entries": page.total})


@router.get("/dags/{dag_id}/calendar", responses=replies("CalendarResponse", 404))
def get_calendar(
    call: Viewer,
    dag_id: str,
    granularity: Literal["daily", "hourly"] = "daily",
    logical_date_gte: DateTime = None,
    logical_date_lte: DateTime = None,
) -> Response:
    """Count a DAG's runs by day or hour (UTC) and state; those to come are ``planned``.

    Planned are the runs until ``logical_date_lte``, by default until the year of the next one ends.
    """
    hourly = granularity == "hourly"
    with call.store.read() as conn:
        row = dags.get(conn, dag_id)
        if row is None:
            raise dag_not_found(dag_id)
        counted = calendar.count(
            conn, dag_id, hourly=hourly, since=logical_date_gte, until=logical_date_lte
        )
        latest = dag.latest_spec(conn, dag_id) if row.next_run_after is not None else None
    planned: dict[datetime, int] = {}
    for at in _planned(row, latest[1] if latest else None, logical_date_lte, call.clock.now()):
        if logical_date_gte is None or at >= logical_date_gte:
            begin = at.replace(minute=0, second=0, microsecond=0)
            begin = begin if hourly else begin.replace(hour=0)
            planned[begin] = planned.get(begin, 0) + 1
    shown: list[dict[str, Any]] = [
        {"date": each.at, "state": each.state, "count": each.n} for each in counted
    ]
    shown += [{"date": at, "state": "planned", "count": n} for at, n in planned.items()]
    return Json({"dag_runs": shown})


def _planned(
    row: DagListed, spec: DagSpec | None, until: datetime | None, now: datetime
) -> Iterator[datetime]:
    """Yield the dates of the runs to come: only the next where the timetable is the user's own."""
    at, interval = row.next_run_after, _interval(row)
    if spec is None or at is None:
        return
    date = row.next_logical_date or at
    until = until or date.replace(month=12, day=31, hour=23, minute=59, second=59)
    is_known = spec["timetable"]["type"] != CUSTOM and interval is not None
    timetable = build(spec["timetable"], spec.get("timezone", "UTC")) if is_known else None
    window = of_dag(spec)
    for _ in range(MAX_PLANNED):
        if date > until:
            return
        yield date
        if timetable is None or interval is None:
            return
        run = timetable.next_run(interval, window.earliest, window.latest, True, now)
        if run is None or run.data_interval.end <= interval.end:  # it stands still
            return
        date, interval = run.logical_date or run.run_after, run.data_interval


def _interval(row: DagListed) -> DataInterval | None:
    start, end = row.next_data_interval_start, row.next_data_interval_end
    return None if start is None or end is None else DataInterval(start, end)
