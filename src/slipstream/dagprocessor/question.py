"""What a parsing process asks the custom timetable of a DAG that it has loaded.

Moments are ISO 8601 texts on the way in and out. Such a timetable is the user's code: whatever it
raises is for the caller to tell.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from slipstream.dagprocessor.job import Job
from slipstream.sdk import serialize, timetables
from slipstream.state import DagRunType
from slipstream.timetable import DataInterval, of_dag


def next_run(job: Job, dag: Any) -> dict[str, str] | None:
    """Return the run after ``job.last``: ``start``, ``end``, ``run_after``, perhaps ``run_id``."""
    window = of_dag(serialize.dag_to_spec(dag, job.relative_fileloc))
    last = None
    if job.last is not None:
        start, end = (datetime.fromisoformat(job.last[name]) for name in ("start", "end"))
        last = DataInterval(start, end)
    run = timetables.next_run(dag.timetable, last, *window)
    if run is None:
        return None
    found = {
        "start": run.data_interval.start.isoformat(),
        "end": run.data_interval.end.isoformat(),
        "run_after": run.run_after.isoformat(),
    }
    return found if run.run_id is None else {**found, "run_id": run.run_id}


def manual_run(question: dict[str, Any], dag: Any) -> dict[str, Any]:
    """Return the ``data_interval`` and the ``run_id`` of a manual run, None where not asked."""
    timetable = dag.timetable
    interval = run_id = None
    if question["data_interval"] is not None:
        interval = DataInterval(*map(datetime.fromisoformat, question["data_interval"]))
    elif question["infer_at"] is not None:
        at = datetime.fromisoformat(question["infer_at"])
        interval = timetables.manual_interval(timetable, at)
    if question["wants_id"]:
        run_after = datetime.fromisoformat(question["run_after"])
        run_type = DagRunType(question["run_type"])
        run_id = timetables.run_id(timetable, run_type, run_after, interval)
    return {
        "data_interval": [d.isoformat() for d in interval] if interval else None,
        "run_id": run_id,
    }


def runs_between(question: dict[str, Any], dag: Any) -> dict[str, Any]:
    """Return the ``runs`` of a range as ``[start, end, run_after]``; None for no periodic timetable."""
    timetable = dag.timetable
    if not timetable.periodic:
        return {"runs": None}
    earliest, latest = (datetime.fromisoformat(question[n]) for n in ("earliest", "latest"))
    found = timetables.runs_between(timetable, earliest, latest, limit=question["limit"])
    return {"runs": [[d.isoformat() for d in (*run.data_interval, run.run_after)] for run in found]}
