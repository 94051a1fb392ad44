"""Ours: a DAG as a grid of runs and tasks, and as a graph."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from slipstream.api.call import Call, Viewer
from slipstream.api.error import dag_not_found, not_found
from slipstream.api.present.live import grid_run
from slipstream.api.query import DateTime, Int, filters_of, run_states, run_types
from slipstream.api.replies import replies
from slipstream.api.reply import Json
from slipstream.api.structure import Structure, graph_of, unknown_task
from slipstream.state import TaskInstanceState as S
from slipstream.store import Connection, dag
from slipstream.store.listing import Filter, OneOf, Window
from slipstream.store.listing import dag as dags
from slipstream.store.listing import version as versions
from slipstream.store.live import grid
from slipstream.store.live import run as runs
from slipstream.store.live.run import RunSeen

router = APIRouter(tags=["Slipstream"])

MAX_RUNS = 365
_PRIORITY: dict[str | None, int] = {
    state: i
    for i, state in enumerate(
        (
            *(S.FAILED, S.UPSTREAM_FAILED, S.UP_FOR_RETRY, S.UP_FOR_RESCHEDULE, S.RUNNING),
            *(S.RESTARTING, S.DEFERRED, S.AWAITING_INPUT, S.QUEUED, S.SCHEDULED),
            *(None, S.SUCCESS, S.SKIPPED, S.REMOVED),
        )
    )
}
"""Which of the states of a mapped task's instances stands for it: as Airflow 3, the first."""


class GridQuery(BaseModel):
    limit: Annotated[int, Field(ge=0, le=MAX_RUNS)] = 25
    offset: Annotated[int, Field(ge=0, lt=2**31)] = 0
    run_type: list[str] = []
    state: list[str] = []
    run_after_gte: DateTime = None
    run_after_lte: DateTime = None
    triggering_user_name_pattern: str | None = None

    def filters(self, dag_id: str) -> list[Filter]:
        found = filters_of(self, skip=("run_type", "state"))
        if self.state:
            found.append(OneOf("state", run_states(self.state)))
        if self.run_type:
            found.append(OneOf("run_type", run_types(self.run_type)))
        return [*found, OneOf("dag_id", (dag_id,))]


@router.get("/dags/{dag_id}/grid", responses=replies("GridResponse", 404))
def get_grid(call: Viewer, dag_id: str, query: Annotated[GridQuery, Query()]) -> Response:
    """Return the newest runs of a DAG and the states of their tasks."""
    with call.store.read() as conn:
        row = dags.get(conn, dag_id)
        if row is None:
            raise dag_not_found(dag_id)
        page = runs.page(conn, query.limit, query.offset, query.filters(dag_id))
        by_run: dict[int, list[grid.Cells]] = {}
        for found in grid.cells(conn, [r.id for r in page.rows]):
            by_run.setdefault(found.dag_run_id, []).append(found)
        latest = versions.get(conn, row.latest_version_id) if row.latest_version_id else None
        newest = _structure(call, conn, row.latest_version_id)
        nodes, index = _with_older(call, conn, newest, page.rows, by_run)
    states: dict[str | None, int] = {}
    cells: list[list[int]] = []
    notes: list[list[int]] = []
    for each in page.rows:
        line, noted = _line(by_run.get(each.id, []), index, states)
        cells.append(line)
        notes.append(noted)
    return Json(
        {
            "dag_id": dag_id,
            "version_number": None if latest is None else latest.version_number,
            "nodes": nodes,
            "runs": [grid_run(each) for each in page.rows],
            "total_runs": page.total,
            "states": list(states),
            "cells": cells,
            "notes": notes,
        }
    )


def _structure(call: Call, conn: Connection, version_id: str | None) -> Structure | None:
    wanted = [] if version_id is None else [version_id]
    return next(iter(call.server.structures.of(conn, wanted).values()), None)


def _with_older(
    call: Call,
    conn: Connection,
    newest: Structure | None,
    shown: list[RunSeen],
    by_run: dict[int, list[grid.Cells]],
) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """Return the nodes of the newest version, then the tasks that only the shown runs have."""
    nodes = list(newest.nodes) if newest is not None else []
    index = dict(newest.tasks) if newest is not None else {}
    seen = {task_id for found in by_run.values() for f in found for task_id in f.task_ids}
    missing = seen - index.keys()
    if not missing:
        return nodes, index
    groups = newest.groups if newest is not None else set()
    ids = list(dict.fromkeys(r.dag_version_id for r in shown if r.dag_version_id is not None))
    older = call.server.structures.of(conn, ids)
    for version_id in ids:
        for task_id in older[version_id].tasks if version_id in older else ():
            if task_id in missing:
                node = older[version_id].by_id[task_id]
                keeps = node["parent"] in groups
                nodes.append(node if keeps else node | {"parent": None, "label": task_id})
                index[task_id] = len(index)
                missing.discard(task_id)
    for task_id in sorted(missing):
        nodes.append(unknown_task(task_id))
        index[task_id] = len(index)
    return nodes, index


def _line(
    found: list[grid.Cells], index: dict[str, int], states: dict[str | None, int]
) -> tuple[list[int], list[int]]:
    """Return a run's cells, and which of its tasks carry a note."""
    line = [-1] * len(index)
    noted: list[int] = []
    # What matters most is written last, over the rest.
    for each in sorted(found, key=lambda f: -_PRIORITY.get(f.state, 0)):
        number = states.setdefault(each.state, len(states))
        for task_id in each.task_ids:
            line[index[task_id]] = number
        if each.has_note:
            noted += [index[task_id] for task_id in each.task_ids]
    return line, sorted(set(noted))


@router.get("/dags/{dag_id}/graph", responses=replies("GraphResponse", 404))
def get_graph(call: Viewer, dag_id: str, version_number: Int | None = None) -> Response:
    """Return the tasks, groups and edges of a DAG version, by default of the newest."""
    with call.store.read() as conn:
        row = dags.get(conn, dag_id)
        if row is None:
            raise dag_not_found(dag_id)
        filters: list[Filter] = [OneOf("dag_id", (dag_id,))]
        if version_number is not None:
            filters.append(OneOf("version_number", (version_number,)))
        found = versions.page(conn, Window(1, order_by=("-version_number",)), filters).rows
        spec = dag.spec(conn, found[0].id) if found else None
    if spec is None:
        which = "version" if version_number is None else f"version {version_number}"
        raise not_found(f"DAG {dag_id!r} has no {which}.")
    shown = {"dag_id": dag_id, "version_number": found[0].version_number}
    return Json(shown | graph_of(spec))
