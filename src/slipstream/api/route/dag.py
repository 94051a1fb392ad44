"""DAGs: list, details, pausing, deletion; their tasks, tags and counts of runs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from slipstream import command
from slipstream.api import audit, body
from slipstream.api.auth.words import EDIT
from slipstream.api.call import Call, Editor, Viewer
from slipstream.api.error import bad_request, conflict, dag_not_found, not_found
from slipstream.api.present import dag as present
from slipstream.api.present import task as present_task
from slipstream.api.query import (
    DagQuery,
    DagSelection,
    TagQuery,
    capped,
    filters_of,
    run_states,
)
from slipstream.api.replies import replies
from slipstream.api.reply import Json, no_content
from slipstream.spec import DagSpec
from slipstream.state import DagRunState
from slipstream.store import Connection, dag, favorite, task_instance
from slipstream.store.listing import Between, Filter, NoneOf, OneOf, UnknownField, version
from slipstream.store.listing import dag as listing
from slipstream.store.listing.dag import DagFilter, DagListed

router = APIRouter()

_BELONGINGS = ("tags", "tags_match_mode", "owners", "exclude_stale", "last_dag_run_state")
_RUN_PARAMETERS = tuple(
    f"dag_run_{date}_{bound}"
    for date in ("start_date", "end_date")
    for bound in ("gte", "gt", "lte", "lt")
)
_BY_SCHEDULE = ("has_asset_schedule", "asset_dependency")
_MAX_BY_ASSETS = 1000
_ONLY_PAUSED = "A DAG's other fields come from its file: only is_paused can be changed here."


def _filters(query: DagSelection) -> tuple[list[Filter], DagFilter]:
    found = filters_of(
        query,
        skip=(*_BELONGINGS, *_RUN_PARAMETERS, *_BY_SCHEDULE, "dag_run_state", "is_favorite"),
        rename={"paused": "is_paused"},
    )
    if query.exclude_stale:
        found.append(OneOf("is_stale", (False,)))
    tags, all_tags, owners = tuple(query.tags), query.tags_match_mode == "all", tuple(query.owners)
    if not isinstance(query, DagQuery):
        return found, DagFilter(tags=tags, all_tags=all_tags, owners=owners)
    dates = (
        Between(
            date,
            *(getattr(query, f"dag_run_{date}_{bound}") for bound in ("gte", "gt", "lte", "lt")),
        )
        for date in ("start_date", "end_date")
    )
    return found, DagFilter(
        tags=tags,
        all_tags=all_tags,
        owners=owners,
        last_run_state=query.last_dag_run_state,
        run_states=run_states(query.dag_run_state),
        run_dates=tuple(d for d in dates if d != Between(d.field)),
    )


def _by_schedule(query: DagQuery) -> Iterator[Filter]:
    """Yield the filters for DAGs that are scheduled by assets, or are not."""
    if query.has_asset_schedule or query.asset_dependency:
        yield OneOf("timetable_type", listing.ASSET_TIMETABLES)
    elif query.has_asset_schedule is False:
        yield NoneOf("timetable_type", listing.ASSET_TIMETABLES)


def _depending_on(conn: Connection, asset: str) -> tuple[str, ...]:
    """Return the DAGs whose schedule mentions an asset. Only specs know it: there are few such."""
    ids = listing.ids(
        conn, [OneOf("timetable_type", listing.ASSET_TIMETABLES)], DagFilter(), _MAX_BY_ASSETS, 0
    )
    return tuple(
        dag_id
        for dag_id, (_, spec) in dag.latest_specs(conn, ids).items()
        if asset.lower() in json.dumps(spec["timetable"]).lower()
    )


def _shown(call: Call, conn: Connection, rows: Sequence[DagListed]) -> list[dict[str, Any]]:
    tags = listing.tags(conn, [row.dag_id for row in rows])
    facts = call.server.versions.of(conn, [row.latest_version_id for row in rows])
    return [
        present.present(
            row, tags.get(row.dag_id, ()), facts[row.latest_version_id], call.server.file_tokens
        )
        for row in rows
    ]


def _one(call: Call, conn: Connection, dag_id: str) -> tuple[DagListed, dict[str, Any]]:
    row = listing.get(conn, dag_id)
    if row is None:
        raise dag_not_found(dag_id)
    return row, _shown(call, conn, [row])[0]


def _latest_spec(conn: Connection, dag_id: str) -> DagSpec:
    found = dag.latest_spec(conn, dag_id)
    if found is None:
        raise dag_not_found(dag_id)
    return found[1]


@router.get("/dags", tags=["DAG"], responses=replies("DAGCollectionResponse"))
def get_dags(call: Viewer, query: Annotated[DagQuery, Query()]) -> Response:
    """List DAGs."""
    filters, belongings = _filters(query)
    filters += call.dag_filters()
    with call.store.read() as conn:
        if query.is_favorite is not None:
            me = call.user.name
            belongings = replace(
                belongings,
                favorite_of=me if query.is_favorite else None,
                not_favorite_of=None if query.is_favorite else me,
            )
        filters += _by_schedule(query)
        if query.asset_dependency:
            filters.append(OneOf("dag_id", _depending_on(conn, query.asset_dependency)))
        page = listing.page(conn, query.page(), filters, belongings)
        shown = _shown(call, conn, page.rows)
    return Json({"dags": shown, "total_entries": page.total})


@router.patch("/dags", tags=["DAG"], responses=replies("DAGCollectionResponse"))
def patch_dags(
    call: Editor,
    given: body.DagPatch,
    query: Annotated[DagSelection, Query()],
    update_mask: Annotated[list[str] | None, Query()] = None,
) -> Response:
    """Pause or unpause the DAGs that match; without a pattern, none do."""
    _check_mask(update_mask)
    filters, belongings = _filters(query)
    editable = call.user.dags(EDIT)
    if editable is not None:
        filters.append(OneOf("dag_id", tuple(sorted(editable))))
    selects = query.dag_id_pattern or query.dag_id_prefix_pattern or query.tags or query.owners
    with call.store.read() as conn:
        limit = capped(query.limit) if selects else 0
        ids = listing.ids(conn, filters, belongings, limit, query.offset)
    for dag_id in ids:
        _set_paused(call, dag_id, given)
    with call.store.read() as conn:
        rows = [row for dag_id in ids if (row := listing.get(conn, dag_id)) is not None]
        shown = _shown(call, conn, rows)
    return Json({"dags": shown, "total_entries": len(shown)})


@router.get("/dags/{dag_id}", tags=["DAG"], responses=replies("DAGResponse", 404))
def get_dag(call: Viewer, dag_id: str) -> Response:
    """Return a DAG."""
    with call.store.read() as conn:
        return Json(_one(call, conn, dag_id)[1])


@router.get("/dags/{dag_id}/details", tags=["DAG"], responses=replies("DAGDetailsResponse", 404))
def get_dag_details(call: Viewer, dag_id: str) -> Response:
    """Return a DAG with what only its file says of it."""
    with call.store.read() as conn:
        row, shown = _one(call, conn, dag_id)
        found = dag.latest_spec(conn, dag_id)
        latest = None
        if row.latest_version_id is not None:
            latest = version.get(conn, row.latest_version_id)
        counts = listing.run_counts(conn, [dag_id]).get(dag_id, {})
        is_favorite = favorite.exists(conn, call.user.name, dag_id)
    n_running = counts.get(DagRunState.RUNNING, 0)  # as Airflow: what is queued is not active yet
    spec = None if found is None else found[1]
    return Json(present.present_details(shown, row, spec, latest, n_running, is_favorite))


@router.patch("/dags/{dag_id}", tags=["DAG"], responses=replies("DAGResponse", 404))
def patch_dag(
    call: Editor,
    dag_id: str,
    given: body.DagPatch,
    update_mask: Annotated[list[str] | None, Query()] = None,
) -> Response:
    """Pause or unpause a DAG."""
    with call.store.read() as conn:
        if not listing.exists(conn, dag_id):
            raise dag_not_found(dag_id)
    _check_mask(update_mask)
    _set_paused(call, dag_id, given)
    with call.store.read() as conn:
        return Json(_one(call, conn, dag_id)[1])


def _set_paused(call: Call, dag_id: str, given: body.DagPatch) -> None:
    with call.store.read() as conn:
        row = listing.get(conn, dag_id)
    command.set_paused(call.store, call.clock, dag_id=dag_id, paused=given.is_paused)
    before = None if row is None else {"is_paused": row.is_paused}
    audit.record(call, "patch_dag", given, dag_id=dag_id, before=before, after=given.model_dump())


def _check_mask(update_mask: list[str] | None) -> None:
    if update_mask and update_mask != ["is_paused"]:
        raise bad_request(_ONLY_PAUSED)


@router.delete(
    "/dags/{dag_id}", tags=["DAG"], status_code=204, responses=replies(None, 404, 409, status=204)
)
def delete_dag(call: Editor, dag_id: str) -> Response:
    """Delete a DAG with all of its runs; its file, if it still is there, brings it back."""
    with call.store.read() as conn:
        if not listing.exists(conn, dag_id):
            raise dag_not_found(dag_id)

    def delete(conn: Connection) -> None:
        if task_instance.any_running(conn, dag_id):
            raise conflict(f"DAG {dag_id!r} has tasks running: stop them, then delete it.")
        row = listing.get(conn, dag_id)
        before = row and audit.facts(row, ("is_paused", "owners", "relative_fileloc"))
        command.delete_dag(conn, dag_id, call.clock.now())
        audit.write(conn, call, "delete_dag", dag_id=dag_id, before=before)

    call.store.write(delete)
    call.store.wake("scheduler")
    call.store.wake("dag_processor")
    return no_content()


@router.post(
    "/dags/{dag_id}/favorite",
    tags=["DAG"],
    status_code=204,
    responses=replies(None, 404, status=204),
)
def favorite_dag(call: Viewer, dag_id: str) -> Response:
    """Mark a DAG as one of the caller's favorites."""

    def mark(conn: Connection) -> None:
        if not listing.exists(conn, dag_id):
            raise dag_not_found(dag_id)
        favorite.add(conn, call.user.name, dag_id)

    call.store.write(mark)
    return no_content()


@router.post(
    "/dags/{dag_id}/unfavorite",
    tags=["DAG"],
    status_code=204,
    responses=replies(None, 404, 409, status=204),
)
def unfavorite_dag(call: Viewer, dag_id: str) -> Response:
    """Take a DAG out of the caller's favorites."""

    def unmark(conn: Connection) -> None:
        if not listing.exists(conn, dag_id):
            raise dag_not_found(dag_id)
        if not favorite.remove(conn, call.user.name, dag_id):
            raise conflict(f"DAG {dag_id!r} is none of your favorites.")

    call.store.write(unmark)
    return no_content()


@router.get("/dags/{dag_id}/tasks", tags=["Task"], responses=replies("TaskCollectionResponse", 404))
def get_tasks(call: Viewer, dag_id: str, order_by: str = "task_id") -> Response:
    """List the tasks of a DAG's latest version."""
    with call.store.read() as conn:
        spec = _latest_spec(conn, dag_id)
    shown = [present_task.present(task, spec) for task in spec["tasks"]]
    name = order_by.lstrip("+-")
    if shown and name not in shown[0]:
        raise UnknownField(name)
    shown.sort(key=lambda task: _in_order(task[name]), reverse=order_by.startswith("-"))
    return Json({"tasks": shown, "total_entries": len(shown)})


def _in_order(value: Any) -> tuple[bool, float, str]:
    """Return what values of one field are ordered by: numbers by size, all else by its text."""
    is_number = isinstance(value, int | float)
    return value is None, value if is_number else 0.0, "" if is_number else str(value)


@router.get("/dags/{dag_id}/tasks/{task_id}", tags=["Task"], responses=replies("TaskResponse", 404))
def get_task(call: Viewer, dag_id: str, task_id: str) -> Response:
    """Return a task of a DAG's latest version."""
    with call.store.read() as conn:
        spec = _latest_spec(conn, dag_id)
    for task in spec["tasks"]:
        if task["task_id"] == task_id:
            return Json(present_task.present(task, spec))
    raise not_found(f"DAG {dag_id!r} has no task {task_id!r}.")


@router.get("/dagTags", tags=["DAG"], responses=replies("DAGTagCollectionResponse"))
def get_dag_tags(call: Viewer, query: Annotated[TagQuery, Query()]) -> Response:
    """List the names of all tags."""
    with call.store.read() as conn:
        filters = filters_of(query, rename={"tag_name": "name"})
        page = listing.all_tags(conn, query.page(), filters, call.readable_dags())
    return Json({"tags": page.rows, "total_entries": page.total})


@router.get("/dagStats", tags=["DagStats"], responses=replies("DagStatsCollectionResponse"))
def get_dag_stats(call: Viewer, dag_ids: Annotated[list[str] | None, Query()] = None) -> Response:
    """Count the runs of DAGs by state."""
    readable, wanted = call.readable_dags(), dag_ids or None
    if readable is not None:
        wanted = sorted(readable if wanted is None else readable.intersection(wanted))
    with call.store.read() as conn:
        counts = listing.run_counts(conn, wanted)
        names = listing.display_names(conn, list(counts))
    shown = [
        {
            "dag_id": dag_id,
            "dag_display_name": names.get(dag_id, dag_id),
            "stats": [{"state": s.value, "count": found.get(s, 0)} for s in DagRunState],
        }
        for dag_id, found in counts.items()
    ]
    return Json({"dags": shown, "total_entries": len(shown)})
