"""Task instances: read, list, set state and note, clear; their tries."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi.exceptions import HTTPException
from starlette.responses import Response

from slipstream.api import body
from slipstream.api.call import Call, Viewer
from slipstream.api.error import (
    bad_request,
    dag_not_found,
    not_found,
    run_not_found,
    task_instance_not_found,
)
from slipstream.api.present import task_instance as present
from slipstream.api.query import (
    Int,
    MappedQuery,
    TaskInstanceQuery,
    capped,
    filters_of,
    task_states,
)
from slipstream.api.replies import replies
from slipstream.api.reply import Json
from slipstream.api.route.dag_run import ALL, collection
from slipstream.spec import DagSpec, TaskSpec
from slipstream.store import Connection, dag, xcom
from slipstream.store.listing import (
    Filter,
    OneOf,
    Page,
    Window,
)
from slipstream.store.listing import (
    dag as dags,
)
from slipstream.store.listing import (
    run as runs,
)
from slipstream.store.listing import (
    task_instance as listing,
)
from slipstream.store.listing import (
    version as versions,
)
from slipstream.store.listing.task_instance import TaskInstanceListed
from slipstream.store.row import XComRow

router = APIRouter(tags=["Task Instance"])

_RUN = "/dags/{dag_id}/dagRuns/{dag_run_id}"
_TI = _RUN + "/taskInstances/{task_id}"
_UNSTARTED = (None, "scheduled")


def shown(call: Call, conn: Connection, rows: Iterable[TaskInstanceListed]) -> list[dict[str, Any]]:
    """Present task instances with the names that their DAG versions give them."""
    found = list(rows)
    facts = call.server.versions.of(conn, [r.version.id for r in found if r.version])
    return [present.present(r, facts[r.version.id if r.version else None]) for r in found]


def _page(call: Call, conn: Connection, window: Window, filters: Sequence[Filter]) -> Response:
    page = listing.page(conn, window, filters)
    rows = shown(call, conn, page.rows)
    filled = Page(rows, page.total, page.total_limit, page.next_cursor, page.previous_cursor)
    return Json(collection("task_instances", filled))


def _of(conn: Connection, dag_id: str, run_id: str) -> list[Filter]:
    """Return the filters of a path, checked; ``~`` filters nothing."""
    filters: list[Filter] = []
    if run_id != ALL:
        if dag_id == ALL:
            raise bad_request("The path names a run, so it must name the run's DAG, too.")
        if runs.get(conn, dag_id, run_id) is None:
            raise run_not_found(dag_id, run_id)
        filters.append(OneOf("run_id", (run_id,)))
    elif dag_id != ALL and not dags.exists(conn, dag_id):
        raise dag_not_found(dag_id)
    if dag_id != ALL:
        filters.append(OneOf("dag_id", (dag_id,)))
    return filters


def _latest_spec(conn: Connection, dag_id: str) -> DagSpec:
    found = dag.latest_spec(conn, dag_id)
    if found is None:
        raise dag_not_found(dag_id)
    return found[1]


def tasks_of_group(spec: DagSpec, group_id: str) -> tuple[str, ...]:
    """Return the ids of the tasks in a task group and the groups within; raise a 404."""
    parents = {g["group_id"]: g.get("parent") for g in spec.get("groups", [])}
    if group_id not in parents:
        raise not_found(f"DAG {spec['dag_id']!r} has no task group {group_id!r}.")
    inside = {group_id}
    for child in parents:  # parents come before children
        if parents[child] in inside:
            inside.add(child)
    return tuple(t["task_id"] for t in spec["tasks"] if t.get("group") in inside)


@router.get(_RUN + "/taskInstances", responses=replies("TaskInstanceCollectionResponse", 404))
def get_task_instances(
    call: Viewer, dag_id: str, dag_run_id: str, query: Annotated[TaskInstanceQuery, Query()]
) -> Response:
    """List the task instances of a run, of a DAG's runs (``~``), or of all."""
    filters = filters_of(query, skip=("state", "task_group_id"))
    if query.state:
        filters.append(OneOf("state", task_states(query.state)))
    with call.store.read() as conn:
        filters += [*_of(conn, dag_id, dag_run_id), *call.dag_filters()]
        if query.task_group_id is not None:
            if dag_id == ALL:
                raise HTTPException(422, "task_group_id needs a dag_id")
            members = tasks_of_group(_latest_spec(conn, dag_id), query.task_group_id)
            filters.append(OneOf("task_id", members))
        return _page(call, conn, query.page(), filters)


@router.post(_RUN + "/taskInstances/list", responses=replies("TaskInstanceCollectionResponse"))
def get_task_instances_batch(
    call: Viewer, dag_id: Literal["~"], dag_run_id: Literal["~"], given: body.TaskInstancesBatch
) -> Response:
    """List task instances by a body instead of a query."""
    filters = filters_of(
        given,
        skip=("page_offset", "page_limit"),
        rename={"dag_ids": "dag_id", "dag_run_ids": "run_id", "task_ids": "task_id"},
    )
    filters += call.dag_filters()
    order_by = (given.order_by,) if given.order_by else ("id",)
    window = Window(capped(given.page_limit), given.page_offset, order_by)
    with call.store.read() as conn:
        return _page(call, conn, window, filters)


def _one(
    conn: Connection, dag_id: str, run_id: str, task_id: str, map_index: Int
) -> TaskInstanceListed:
    row = listing.get(conn, dag_id, run_id, task_id, map_index)
    if row is None:
        raise task_instance_not_found(dag_id, run_id, task_id, map_index)
    return row


@router.get(_TI, responses=replies("TaskInstanceResponse", 404))
def get_task_instance(call: Viewer, dag_id: str, dag_run_id: str, task_id: str) -> Response:
    """Return the task instance of a task that is not mapped."""
    with call.store.read() as conn:
        row = listing.get(conn, dag_id, dag_run_id, task_id, -1)
        if row is None:
            mapped = [OneOf("dag_id", (dag_id,)), OneOf("run_id", (dag_run_id,))]
            mapped.append(OneOf("task_id", (task_id,)))
            if listing.page(conn, Window(0), mapped).total:
                raise not_found(
                    f"Task {task_id!r} is mapped: put /{{map_index}} at the end of the path."
                )
            raise task_instance_not_found(dag_id, dag_run_id, task_id)
        return Json(shown(call, conn, [row])[0])


@router.get(_TI + "/listMapped", responses=replies("TaskInstanceCollectionResponse", 404))
def get_mapped_task_instances(
    call: Viewer,
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    query: Annotated[MappedQuery, Query()],
) -> Response:
    """List the instances of a mapped task."""
    filters = filters_of(query, skip=("state",))
    if query.state:
        filters.append(OneOf("state", task_states(query.state)))
    filters += [OneOf("task_id", (task_id,)), *call.dag_filters()]
    with call.store.read() as conn:
        filters += _of(conn, dag_id, dag_run_id)
        task = next(
            (t for t in _latest_spec(conn, dag_id)["tasks"] if t["task_id"] == task_id), None
        )
        if task is None:
            raise not_found(f"DAG {dag_id!r} has no task {task_id!r}.")
        if "mapped" not in task and "group" not in task:
            raise not_found(f"Task {task_id!r} is not mapped: it has one instance a run.")
        return _page(call, conn, query.page(), filters)


def _tries(
    call: Call, dag_id: str, run_id: str, task_id: str, map_index: Int
) -> list[dict[str, Any]]:
    with call.store.read() as conn:
        row = listing.get(conn, dag_id, run_id, task_id, map_index)
        if row is None:
            raise task_instance_not_found(dag_id, run_id, task_id, map_index)
        facts = call.server.versions.of(conn, [row.version.id if row.version else None])
        found = listing.tries(conn, row.dag_run_id, task_id, map_index)
    of_version = facts[row.version.id if row.version else None]
    if not found:
        return [present.present_current_try(row, of_version)]
    return [
        present.present_current_try(row, of_version)
        if each.id == row.attempt_id and row.state not in _UNSTARTED
        else present.present_past_try(row, each, of_version)
        for each in found
    ]


def _try(
    call: Call, dag_id: str, run_id: str, task_id: str, map_index: Int, number: int
) -> Response:
    with call.store.read() as conn:
        row = listing.get(conn, dag_id, run_id, task_id, map_index)
    tries = [] if row is None else _tries(call, dag_id, run_id, task_id, map_index)
    for each in tries:
        if each["try_number"] == number:
            return Json(each)
    raise not_found(
        f"Run {run_id!r} of DAG {dag_id!r} has no try {number} of task {task_id!r} "
        f"with map_index {map_index}."
    )


@router.get(_TI + "/tries", responses=replies("TaskInstanceHistoryCollectionResponse", 404))
def get_task_instance_tries(
    call: Viewer, dag_id: str, dag_run_id: str, task_id: str, map_index: Int = -1
) -> Response:
    """List the tries of a task instance, first to last."""
    tries = _tries(call, dag_id, dag_run_id, task_id, map_index)
    return Json({"task_instances": tries, "total_entries": len(tries)})


@router.get(_TI + "/tries/{task_try_number}", responses=replies("TaskInstanceHistoryResponse", 404))
def get_task_instance_try_details(
    call: Viewer,
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    task_try_number: Int,
    map_index: Int = -1,
) -> Response:
    """Return one try of a task instance."""
    return _try(call, dag_id, dag_run_id, task_id, map_index, task_try_number)


@router.get(
    _TI + "/{map_index}/tries", responses=replies("TaskInstanceHistoryCollectionResponse", 404)
)
def get_mapped_task_instance_tries(
    call: Viewer, dag_id: str, dag_run_id: str, task_id: str, map_index: Int
) -> Response:
    """List the tries of a mapped task instance, first to last."""
    tries = _tries(call, dag_id, dag_run_id, task_id, map_index)
    return Json({"task_instances": tries, "total_entries": len(tries)})


@router.get(
    _TI + "/{map_index}/tries/{task_try_number}",
    responses=replies("TaskInstanceHistoryResponse", 404),
)
def get_mapped_task_instance_try_details(
    call: Viewer,
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    map_index: Int,
    task_try_number: Int,
) -> Response:
    """Return one try of a mapped task instance."""
    return _try(call, dag_id, dag_run_id, task_id, map_index, task_try_number)


@router.get(
    _TI + "/links", tags=["Extra Links"], responses=replies("ExtraLinkCollectionResponse", 404)
)
def get_extra_links(
    call: Viewer,
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    map_index: Int = -1,
    try_number: Int | None = None,
) -> Response:
    """List the links of a task instance's operator; null: the task has not made it."""
    with call.store.read() as conn:
        row = listing.get(conn, dag_id, dag_run_id, task_id, map_index)
    if row is None:
        raise task_instance_not_found(dag_id, dag_run_id, task_id, map_index)
    if try_number is not None and not any(
        each["try_number"] == try_number
        for each in _tries(call, dag_id, dag_run_id, task_id, map_index)
    ):
        raise not_found(f"Task {task_id!r} has no try {try_number} in this run.")
    with call.store.read() as conn:
        keys: Any = _task(conn, row).get("extra_links", {})
        if not isinstance(keys, dict):
            keys = {}  # the spec is of an earlier release, which kept only names
        links = {
            name: _link(xcom.get(conn, row.dag_run_id, task_id, key, map_index))
            for name, key in sorted(keys.items())
        }
    return Json({"extra_links": links, "total_entries": len(links)})


def _task(conn: Connection, row: TaskInstanceListed) -> TaskSpec:
    """Return a task as the version that the task instance is of defines it, or the newest."""
    version_id = row.version.id if row.version else None
    spec = versions.specs(conn, [version_id]).get(version_id) if version_id else None
    for task in (spec or _latest_spec(conn, row.dag_id))["tasks"]:
        if task["task_id"] == row.task_id:
            return task
    raise not_found(f"DAG {row.dag_id!r} has no task {row.task_id!r}.")


def _link(entry: XComRow | None) -> str | None:
    """Return the URL that a task left in an XCom; None for an empty one."""
    if entry is None or not entry.value:
        return None
    return entry.value if isinstance(entry.value, str) else json.dumps(entry.value)


@router.get(_TI + "/{map_index}", responses=replies("TaskInstanceResponse", 404))
def get_mapped_task_instance(
    call: Viewer, dag_id: str, dag_run_id: str, task_id: str, map_index: Int
) -> Response:
    """Return one instance of a mapped task."""
    with call.store.read() as conn:
        row = listing.get(conn, dag_id, dag_run_id, task_id, map_index)
        if row is None:
            raise task_instance_not_found(dag_id, dag_run_id, task_id, map_index)
        return Json(shown(call, conn, [row])[0])
