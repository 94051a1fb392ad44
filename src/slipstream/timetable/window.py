"""From when until when a DAG's automated runs go, by the dates of the DAG and its tasks."""

from __future__ import annotations

from datetime import datetime

from slipstream.spec import DagSpec
from slipstream.timetable.base import Window, to_utc


def of_dag(spec: DagSpec) -> Window:
    """Return the window of ``spec``.

    As Airflow 3: it opens at the earliest start date of the DAG and its tasks. It closes at the
    DAG's end date, or, when every task has an end date, at the latest of all of them.
    """
    tasks = spec["tasks"]
    starts = [t["start_date"] for t in tasks if "start_date" in t]
    if "start_date" in spec:
        starts.append(spec["start_date"])
    ends = [t["end_date"] for t in tasks if "end_date" in t]
    if len(ends) < len(tasks):
        ends = []
    if "end_date" in spec:
        ends.append(spec["end_date"])
    return Window(
        earliest=min(map(_instant, starts), default=None),
        latest=max(map(_instant, ends), default=None),
        catchup=spec.get("catchup", False),
    )


def _instant(text: str) -> datetime:
    return to_utc(datetime.fromisoformat(text))
