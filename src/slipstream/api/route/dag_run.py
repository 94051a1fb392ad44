"""DAG runs: trigger, read, list, set state and note, clear, delete, wait for."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from slipstream import command
from slipstream.api import audit, body
from slipstream.api.affected import states
from slipstream.api.auth.words import DAG_RUNS, EDIT
from slipstream.api.call import Call, Editor, Viewer
from slipstream.api.error import bad_request, conflict, dag_not_found, run_not_found
from slipstream.api.present import run as present
from slipstream.api.present import task_instance as present_ti
from slipstream.api.query import RunQuery, capped, filters_of, run_states, run_types
from slipstream.api.replies import NDJSON, replies
from slipstream.api.reply import Json, no_content
from slipstream.errors import NotFound
from slipstream.state import DagRunState, DagRunTriggeredByType
from slipstream.store import Connection, run, xcom
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
    run as listing,
)
from slipstream.store.listing import (
    task_instance as tis,
)
from slipstream.store.listing.run import RunListed
from slipstream.store.row import TaskInstanceRow

router = APIRouter(tags=["DagRun"])

_OF_ASSETS = ("consuming_asset_pattern", "partition_date_gte", "partition_date_lte")

_ONLY_NEW = "only_new is not supported: a run goes on with its DAG's latest version."
TOLD = ("state", "note")
"""What the audit log keeps of a run that changes."""
TOLD_DELETED = (*TOLD, "run_type", "logical_date")
ALL = "~"
"""In a path: whatever DAG, run or task."""


def found_run(conn: Connection, dag_id: str, run_id: str) -> RunListed:
    """Return the run; raise the 404 that names it."""
    row = listing.get(conn, dag_id, run_id)
    if row is None:
        raise run_not_found(dag_id, run_id)
    return row


def still_running(dag_id: str, run_id: str) -> str:
    """Return why a run is not deleted."""
    return (
        f"Run {run_id!r} of DAG {dag_id!r} is running: "
        "let it end or mark it as failed, then delete it."
    )


def shown_task_instances(
    call: Call, conn: Connection, rows: list[TaskInstanceRow]
) -> dict[str, Any]:
    """Return the reply that shows these task instances as they are now."""
    found = tis.some(conn, [(r.dag_run_id, r.task_id, r.map_index) for r in rows])
    facts = call.server.versions.of(conn, [r.version.id for r in found if r.version])
    shown = [present_ti.present(r, facts[r.version.id if r.version else None]) for r in found]
    return collection("task_instances", Page(shown, len(shown)))


def collection(name: str, page: Page[dict[str, Any]]) -> dict[str, Any]:
    """Return a page as the lists that know cursors show it."""
    return {
        name: page.rows,
        "total_entries": page.total,
        "total_entries_limit": page.total_limit,
        "next_cursor": page.next_cursor,
        "previous_cursor": page.previous_cursor,
    }


def _runs(page: Page[RunListed]) -> Response:
    shown = Page(
        [present.present(row) for row in page.rows],
        page.total,
        page.total_limit,
        page.next_cursor,
        page.previous_cursor,
    )
    return Json(collection("dag_runs", shown))


@router.post("/dags/{dag_id}/dagRuns", responses=replies("DAGRunResponse", 404, 409))
def trigger_dag_run(call: Editor, dag_id: str, given: body.Trigger) -> Response:
    """Start a run."""
    interval = None
    if given.data_interval_start is not None and given.data_interval_end is not None:
        interval = (given.data_interval_start, given.data_interval_end)
    with call.store.read() as conn:
        if not dags.exists(conn, dag_id):
            raise dag_not_found(dag_id)
    if given.partition_key is not None:
        raise bad_request(f"DAG {dag_id!r} has no partitions: leave partition_key out.")
    row = command.trigger_run(
        call.store,
        call.clock,
        dag_id=dag_id,
        run_id=given.dag_run_id or None,
        logical_date=given.logical_date,
        data_interval=interval,
        run_after=given.run_after,
        conf=given.conf,
        note=given.note,
        triggered_by=DagRunTriggeredByType.REST_API,
        user=call.user.name,
    )
    audit.record(call, "trigger_dag_run", given, dag_id=dag_id, run_id=row.run_id)
    with call.store.read() as conn:
        return Json(present.present(found_run(conn, dag_id, row.run_id)))


@router.get("/dags/{dag_id}/dagRuns", responses=replies("DAGRunCollectionResponse", 404))
def get_dag_runs(call: Viewer, dag_id: str, query: Annotated[RunQuery, Query()]) -> Response:
    """List the runs of a DAG, or of all (``~``)."""
    filters = filters_of(query, skip=("state", "run_type", "conf_contains", *_OF_ASSETS))
    if dag_id != ALL and (query.partition_date_gte or query.partition_date_lte):
        raise bad_request(f"DAG {dag_id!r} has no partitions: leave partition_date out.")
    if any(getattr(query, name) is not None for name in _OF_ASSETS):
        filters.append(OneOf("run_id", ()))  # no run is of a partition, or was made by assets
    if query.state:
        filters.append(OneOf("state", run_states(query.state)))
    if query.run_type:
        filters.append(OneOf("run_type", run_types(query.run_type)))
    with call.store.read() as conn:
        if dag_id != ALL:
            if not dags.exists(conn, dag_id):
                raise dag_not_found(dag_id)
            filters.append(OneOf("dag_id", (dag_id,)))
        filters += call.dag_filters()
        return _runs(listing.page(conn, query.page(), filters, conf_contains=query.conf_contains))


@router.post("/dags/{dag_id}/dagRuns/list", responses=replies("DAGRunCollectionResponse"))
def get_list_dag_runs_batch(call: Viewer, dag_id: Literal["~"], given: body.RunsBatch) -> Response:
    """List runs by a body instead of a query."""
    filters: list[Filter] = filters_of(
        given,
        skip=("page_offset", "page_limit", "conf_contains"),
        rename={"dag_ids": "dag_id", "states": "state"},
    )
    filters += call.dag_filters()
    order_by = (given.order_by,) if given.order_by else ("id",)
    window = Window(capped(given.page_limit), given.page_offset, order_by)
    with call.store.read() as conn:
        return _runs(listing.page(conn, window, filters, conf_contains=given.conf_contains))


@router.get("/dags/{dag_id}/dagRuns/{dag_run_id}", responses=replies("DAGRunResponse", 404))
def get_dag_run(call: Viewer, dag_id: str, dag_run_id: str) -> Response:
    """Return a run."""
    with call.store.read() as conn:
        return Json(present.present(found_run(conn, dag_id, dag_run_id)))


@router.patch("/dags/{dag_id}/dagRuns/{dag_run_id}", responses=replies("DAGRunResponse", 404))
def patch_dag_run(
    call: Editor,
    dag_id: str,
    dag_run_id: str,
    given: body.RunPatch,
    update_mask: Annotated[list[str] | None, Query()] = None,
) -> Response:
    """Set a run's state, its note, or both."""
    fields = given.model_fields_set
    if update_mask:
        fields = fields & set(update_mask)
    with call.store.read() as conn:
        row = found_run(conn, dag_id, dag_run_id)
    if "state" in fields and given.state is not None:
        command.mark_run(
            call.store,
            call.clock,
            dag_id=dag_id,
            run_id=dag_run_id,
            state=DagRunState(given.state),
            by=call.user.name,
        )
    if "note" in fields:
        call.store.write(run.set_note, row.id, given.note or None)
    with call.store.read() as conn:
        changed = found_run(conn, dag_id, dag_run_id)
    audit.record(
        call,
        "patch_dag_run",
        given,
        dag_id=dag_id,
        run_id=dag_run_id,
        before=audit.facts(row, TOLD),
        after=audit.facts(changed, TOLD),
    )
    return Json(present.present(changed))


@router.delete(
    "/dags/{dag_id}/dagRuns/{dag_run_id}",
    status_code=204,
    responses=replies(None, 404, 409, status=204),
)
def delete_dag_run(call: Editor, dag_id: str, dag_run_id: str) -> Response:
    """Delete a run with all that belongs to it, unless it is running."""
    with call.store.read() as conn:
        row = found_run(conn, dag_id, dag_run_id)
    if row.state == DagRunState.RUNNING:
        raise conflict(still_running(dag_id, dag_run_id))
    try:
        command.delete_run(
            call.store, call.clock, dag_id=dag_id, run_id=dag_run_id, by=call.user.name
        )
    except NotFound:
        raise run_not_found(dag_id, dag_run_id) from None
    before = audit.facts(row, TOLD_DELETED)
    audit.record(call, "delete_dag_run", dag_id=dag_id, run_id=dag_run_id, before=before)
    return no_content()


@router.post(
    "/dags/{dag_id}/dagRuns/{dag_run_id}/clear",
    responses=replies("ClearTaskInstanceCollectionResponse|DAGRunResponse", 404),
)
def clear_dag_run(call: Editor, dag_id: str, dag_run_id: str, given: body.RunClear) -> Response:
    """Run a run's task instances again: all, or those that failed."""
    if given.only_new:
        raise bad_request(_ONLY_NEW)
    with call.store.read() as conn:
        row = found_run(conn, dag_id, dag_run_id)
    affected = _clear(call, dag_id, dag_run_id, given)
    if given.dry_run:
        return _would_clear(call, affected)
    if given.note is not None:
        call.store.write(run.set_note, row.id, given.note or None)
    before = {"state": row.state, **states(call, affected, dag_run_id)}
    audit.record(call, "clear_dag_run", given, dag_id=dag_id, run_id=dag_run_id, before=before)
    with call.store.read() as conn:
        return Json(present.present(found_run(conn, dag_id, dag_run_id)))


@router.post(
    "/dags/{dag_id}/clearDagRuns",
    responses=replies("ClearTaskInstanceCollectionResponse|DAGRunCollectionResponse", 404),
)
def clear_dag_runs(call: Editor, dag_id: str, given: body.RunsClear) -> Response:
    """Run the task instances of several runs again: all, or those that failed."""
    if given.only_new:
        raise bad_request(_ONLY_NEW)
    runs = list(dict.fromkeys(_named(dag_id, each) for each in given.dag_runs))
    for of_dag in {each[0] for each in runs}:
        call.need_dag(EDIT, of_dag, DAG_RUNS)
    with call.store.read() as conn:
        rows = [found_run(conn, *each) for each in runs]
    affected = [_clear(call, of_dag, run_id, given) for of_dag, run_id in runs]
    if given.dry_run:
        return _would_clear(call, [ti for of_run in affected for ti in of_run])
    for row, of_run in zip(rows, affected, strict=True):
        if given.note is not None:
            call.store.write(run.set_note, row.id, given.note or None)
        dag_id, run_id = row.dag_id, row.run_id
        before = {"state": row.state, **states(call, of_run, run_id)}
        audit.record(call, "clear_dag_runs", given, dag_id=dag_id, run_id=run_id, before=before)
    with call.store.read() as conn:
        cleared = [present.present(found_run(conn, *each)) for each in runs]
    return Json({"dag_runs": cleared, "total_entries": len(cleared)})


def _clear(call: Call, dag_id: str, run_id: str, given: body.RunClear) -> list[TaskInstanceRow]:
    return command.clear(
        call.store,
        call.clock,
        dag_id=dag_id,
        run_id=run_id,
        only_failed=given.only_failed,
        dry_run=given.dry_run,
        by=call.user.name,
    )


def _would_clear(call: Call, affected: list[TaskInstanceRow]) -> Response:
    with call.store.read() as conn:
        shown = shown_task_instances(call, conn, affected)
    return Json({k: shown[k] for k in ("task_instances", "total_entries")})


def _named(dag_id: str, entry: body.RunNamed) -> tuple[str, str]:
    """Return the DAG and the run that an entry of a list names, below the path of a DAG or ``~``."""
    of_dag = entry.dag_id or dag_id
    if of_dag == ALL:
        raise bad_request(
            f"Run {entry.dag_run_id!r} needs a dag_id of its own, for the path says ~."
        )
    if dag_id not in (ALL, of_dag):
        raise bad_request(
            f"Run {entry.dag_run_id!r} is said to be of DAG {of_dag!r}, the path names {dag_id!r}: "
            "leave dag_id out, or put ~ into the path."
        )
    return of_dag, entry.dag_run_id


@router.get(
    "/dags/{dag_id}/dagRuns/{dag_run_id}/wait",
    tags=["experimental"],
    response_class=Response,
    responses=replies(None, 404, ndjson='{"state": "running"}\n{"state": "success"}\n'),
)
def wait_dag_run_until_finished(
    call: Viewer,
    dag_id: str,
    dag_run_id: str,
    interval: Annotated[float, Query(gt=0)],
    result: Annotated[list[str] | None, Query()] = None,
    accept: Annotated[str, Header(include_in_schema=False)] = "*/*",
) -> Response:
    """Send the run's state as a line of JSON every ``interval`` seconds until it is over."""
    with call.store.read() as conn:
        pk = found_run(conn, dag_id, dag_run_id).id
    # Airflow names no type at all, and its own client reads the reply only if this is no NDJSON.
    kind = None if "application/json" in accept else NDJSON
    return StreamingResponse(_states(call, pk, interval, result or []), media_type=kind)


async def _states(call: Call, pk: int, interval_s: float, results: list[str]) -> AsyncIterator[str]:
    while True:
        state, values = await run_in_threadpool(_state, call, pk, results)
        if state is None:
            return
        line = {"state": state, **({"results": values} if values else {})}
        yield json.dumps(line) + "\n"
        if state in (DagRunState.SUCCESS, DagRunState.FAILED):
            return
        await asyncio.sleep(interval_s)


def _state(call: Call, pk: int, results: list[str]) -> tuple[str | None, dict[str, Any]]:
    with call.store.read() as conn:
        row = run.get_by_pk(conn, pk)
        if row is None:
            return None, {}
        values = {}
        if results and row.state in (DagRunState.SUCCESS, DagRunState.FAILED):
            entries = xcom.list(conn, pk, results, xcom.RETURN_KEY)
            values = {entry.task_id: entry.value for entry in entries if entry.map_index < 0}
        return row.state, values
