"""Finding what people name: DAGs, runs by id or date, task instances."""

from __future__ import annotations

import getpass
import re
from typing import TYPE_CHECKING

from slipstream.errors import NotFound, UserError

if TYPE_CHECKING:
    from slipstream.spec import DagSpec, TaskSpec
    from slipstream.store import Connection
    from slipstream.store.row import DagRow, RunRow, TaskInstanceRow


def the_dag(conn: Connection, dag_id: str) -> DagRow:
    """Return the DAG's row; raise NotFound, with names like it."""
    from slipstream.store import dag

    row = dag.get(conn, dag_id)
    if row is None:
        from slipstream.cli.command import did_you_mean

        hint = did_you_mean(dag_id, (each.dag_id for each in dag.list_all(conn, stale=False)))
        raise NotFound(
            f"DAG {dag_id!r} is not known{': ' + hint if hint else '.'} "
            "A running dag-processor, or `dags reserialize`, reads the DAG files."
        )
    return row


def the_dags(conn: Connection, dag_id: str, *, regex: bool) -> list[DagRow]:
    """Return the DAG, or those whose id the regular expression ``dag_id`` matches anywhere."""
    from slipstream.store import dag

    if not regex:
        return [the_dag(conn, dag_id)]
    try:
        pattern = re.compile(dag_id)
    except re.error as error:
        raise UserError(f"{dag_id!r} is not a regular expression: {error}.") from error
    rows = [row for row in dag.list_all(conn, stale=False) if pattern.search(row.dag_id)]
    if not rows:
        raise NotFound(f"No DAG's id matches {dag_id!r}.")
    return rows


def the_spec(conn: Connection, dag_id: str) -> DagSpec:
    """Return the DAG's newest version; raise NotFound."""
    from slipstream.store import dag

    the_dag(conn, dag_id)
    found = dag.latest_spec(conn, dag_id)
    if found is None:
        raise NotFound(f"DAG {dag_id!r} has no version: its file could never be imported.")
    return found[1]


def the_task(spec: DagSpec, task_id: str) -> TaskSpec:
    """Return the task's part of a DAG; raise NotFound, with names like it."""
    for task in spec["tasks"]:
        if task["task_id"] == task_id:
            return task
    from slipstream.cli.command import did_you_mean

    hint = did_you_mean(task_id, (task["task_id"] for task in spec["tasks"]))
    raise NotFound(f"DAG {spec['dag_id']!r} has no task {task_id!r}{': ' + hint if hint else '.'}")


def the_run(conn: Connection, dag_id: str, run_id_or_date: str) -> RunRow:
    """Return the run with this id, else the one with this logical date; raise NotFound."""
    from slipstream.cli.date import parse_date
    from slipstream.store import run

    the_dag(conn, dag_id)
    row = run.get(conn, dag_id, run_id_or_date)
    if row is None:
        try:
            row = run.get_by_logical_date(conn, dag_id, parse_date(run_id_or_date))
        except UserError:
            row = None  # it was no date either
    if row is None:
        raise NotFound(
            f"DAG {dag_id!r} has no run with the id or logical date {run_id_or_date!r}: "
            f"see `dags list-runs {dag_id}`."
        )
    return row


def the_task_instance(
    conn: Connection, row: RunRow, task_id: str, map_index: int
) -> TaskInstanceRow:
    """Return a task instance of the run; raise NotFound."""
    from slipstream.store import task_instance

    the_task(the_spec(conn, row.dag_id), task_id)
    ti = task_instance.get(conn, row.id, task_id, map_index)
    if ti is None:
        which = f" with map index {map_index}" if map_index >= 0 else ""
        raise NotFound(f"Task {task_id!r} has no instance{which} in run {row.run_id!r}.")
    return ti


def current_user() -> str:
    """Return who runs this command, for the record of what was changed."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"  # a container's user need not have a name
