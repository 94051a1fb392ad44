"""The next runs of a DAG: the one that the store knows, and those that its timetable adds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipstream.errors import UserError

if TYPE_CHECKING:
    from slipstream.store import Connection
    from slipstream.store.row import DagRow, RunRow
    from slipstream.timetable import DataInterval, NextRun


def upcoming(conn: Connection, dag_id: str, n: int) -> list[NextRun]:
    """Return the DAG's next runs, at most ``n``; raise NotFound, UserError."""
    from slipstream import timetable
    from slipstream.cli.lookup import the_dag, the_spec
    from slipstream.clock import utcnow
    from slipstream.store import run
    from slipstream.timetable.window import of_dag

    row, spec = the_dag(conn, dag_id), the_spec(conn, dag_id)
    known = _stored(row)
    if spec["timetable"]["type"] == timetable.CUSTOM:
        if n > 1:
            raise UserError(
                f"DAG {dag_id!r} has a timetable of its own: only its next run is known in advance."
            )
        return known
    window = of_dag(spec)
    built = timetable.build(spec["timetable"], spec.get("timezone", "UTC"))
    found = known
    last = run.latest_automated(conn, dag_id)
    interval = known[0].data_interval if known else _interval(last) if last else None
    while len(found) < n:
        catchup = window.catchup or bool(found)
        following = built.next_run(interval, window.earliest, window.latest, catchup, utcnow())
        if following is None:
            break
        found.append(following)
        interval = following.data_interval
    return found


def _stored(row: DagRow) -> list[NextRun]:
    """Return the next run that the scheduler has worked out, if it has."""
    from slipstream.timetable import DataInterval, NextRun

    if row.next_run_after is None or row.next_logical_date is None:
        return []
    start, end = row.next_data_interval_start, row.next_data_interval_end
    interval = DataInterval(start or row.next_logical_date, end or row.next_run_after)
    return [NextRun(row.next_logical_date, interval, row.next_run_after)]


def _interval(row: RunRow) -> DataInterval | None:
    from slipstream.timetable import DataInterval

    if row.data_interval_start is None or row.data_interval_end is None:
        return None
    return DataInterval(row.data_interval_start, row.data_interval_end)
