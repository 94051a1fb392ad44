"""Backfills: create, try out, list, pause, let go, cancel."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.exceptions import HTTPException
from starlette.responses import Response

from slipstream.api import audit, body
from slipstream.api.auth.words import CREATE, DAG_RUNS, EDIT, READ
from slipstream.api.call import Call, Editor, Viewer
from slipstream.api.error import bad_request, conflict, not_found
from slipstream.api.present import record as present
from slipstream.api.query import BackfillQuery, BigInt
from slipstream.api.replies import replies
from slipstream.api.reply import Json
from slipstream.command import backfill as command
from slipstream.machine.backfill import Reprocess
from slipstream.store.listing import OneOf, Window, record

router = APIRouter(prefix="/backfills", tags=["Backfill"])


@router.get("", responses=replies("BackfillCollectionResponse"))
def list_backfills(call: Viewer, query: Annotated[BackfillQuery, Query()]) -> Response:
    """List the backfills of a DAG."""
    call.need_dag(READ, query.dag_id, DAG_RUNS)
    with call.store.read() as conn:
        page = record.backfills(conn, query.page(), [OneOf("dag_id", (query.dag_id,))])
    shown = [present.backfill(row) for row in page.rows]
    return Json({"backfills": shown, "total_entries": page.total})


@router.post("", responses=replies("BackfillResponse", 404, 409))
def create_backfill(call: Editor, given: body.Backfill) -> Response:
    """Create a backfill and its runs."""
    call.need_dag(CREATE, given.dag_id, DAG_RUNS)
    with _refusals():
        row = command.create(
            call.store,
            call.clock,
            **_range(given),
            max_active_runs=given.max_active_runs,
            user=call.user.name,
        )
    audit.record(call, "create_backfill", given, dag_id=given.dag_id)
    return _shown(call, row.id)


@router.post("/dry_run", responses=replies("DryRunBackfillCollectionResponse", 404, 409))
def create_backfill_dry_run(call: Editor, given: body.Backfill) -> Response:
    """Tell which runs a backfill would make."""
    call.need_dag(CREATE, given.dag_id, DAG_RUNS)
    with _refusals():
        runs = command.preview(call.store, call.clock, **_range(given))
    shown = [
        {"logical_date": run.logical_date, "partition_key": None, "partition_date": None}
        for run in runs
    ]
    return Json({"backfills": shown, "total_entries": len(shown)})


@router.get("/{backfill_id}", responses=replies("BackfillResponse", 404))
def get_backfill(call: Viewer, backfill_id: BigInt) -> Response:
    """Return one backfill."""
    _need(call, READ, backfill_id)
    return _shown(call, backfill_id)


@router.put("/{backfill_id}/pause", responses=replies("BackfillResponse", 404, 409))
def pause_backfill(call: Editor, backfill_id: BigInt) -> Response:
    """Hold a backfill's queued runs back."""
    return _set_paused(call, backfill_id, True)


@router.put("/{backfill_id}/unpause", responses=replies("BackfillResponse", 404, 409))
def unpause_backfill(call: Editor, backfill_id: BigInt) -> Response:
    """Let a paused backfill's runs go."""
    return _set_paused(call, backfill_id, False)


@router.put("/{backfill_id}/cancel", responses=replies("BackfillResponse", 404, 409))
def cancel_backfill(call: Editor, backfill_id: BigInt) -> Response:
    """End a backfill: its queued runs fail, those that run go on."""
    _need(call, EDIT, backfill_id)
    with _refusals():
        row = command.cancel(call.store, call.clock, backfill_id, by=call.user.name)
    audit.record(call, "cancel_backfill", {"backfill_id": backfill_id}, dag_id=row.dag_id)
    return _shown(call, backfill_id)


def _set_paused(call: Call, id: int, paused: bool) -> Response:
    _need(call, EDIT, id)
    with _refusals():
        row = command.set_paused(call.store, call.clock, id, paused)
    event = "pause_backfill" if paused else "unpause_backfill"
    audit.record(call, event, {"backfill_id": id}, dag_id=row.dag_id)
    return _shown(call, id)


def _need(call: Call, action: str, id: int) -> None:
    """Raise the 403 unless the action is permitted on the runs of a backfill's DAG."""
    with call.store.read() as conn:
        rows = record.backfills(conn, Window(1), [OneOf("id", (id,))]).rows
    if rows:
        call.need_dag(action, rows[0].dag_id, DAG_RUNS)


def _range(given: body.Backfill) -> dict[str, Any]:
    return {
        "dag_id": given.dag_id,
        "from_date": given.from_date,
        "to_date": given.to_date,
        "backwards": given.run_backwards,
        "conf": given.dag_run_conf,
        "reprocess": Reprocess(given.reprocess_behavior),
    }


@contextmanager
def _refusals() -> Iterator[None]:
    """Answer with the status that Airflow gives each refusal."""
    try:
        yield
    except command.BackfillConflict as error:
        raise conflict(str(error)) from error
    except command.NotAllowed as error:
        raise bad_request(str(error)) from error
    except command.InvalidBackfill as error:
        raise HTTPException(422, str(error)) from error


def _shown(call: Call, id: int) -> Response:
    with call.store.read() as conn:
        page = record.backfills(conn, Window(1), [OneOf("id", (id,))])
    if not page.rows:
        raise not_found(f"There is no backfill {id}.")
    return Json(present.backfill(page.rows[0]))
