"""XCom entries: list, read, write, delete."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from slipstream.api import audit, body
from slipstream.api.call import Call, Editor, Viewer
from slipstream.api.error import (
    bad_request,
    conflict,
    dag_not_found,
    not_found,
    run_not_found,
)
from slipstream.api.present import xcom as present
from slipstream.api.query import Int, XComQuery, filters_of
from slipstream.api.replies import replies
from slipstream.api.reply import Json, no_content
from slipstream.api.route.dag_run import ALL
from slipstream.store import Connection, dag, run, xcom
from slipstream.store.codec import load_or_none
from slipstream.store.listing import OneOf
from slipstream.store.listing import xcom as listing
from slipstream.store.listing.xcom import XComListed
from slipstream.store.row import XComRow

router = APIRouter(tags=["XCom"])

_ENTRIES = "/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/xcomEntries"
_ENTRY = _ENTRIES + "/{xcom_key:rest}"
MapIndex = Annotated[Int, Query(ge=-1)]


@router.get(_ENTRIES, responses=replies("XComCollectionResponse"))
def get_xcom_entries(
    call: Viewer, dag_id: str, dag_run_id: str, task_id: str, query: Annotated[XComQuery, Query()]
) -> Response:
    """List XCom entries, without their values; ``~`` in the path is any."""
    filters = filters_of(query, rename={"xcom_key": "key"})
    named = {"dag_id": dag_id, "run_id": dag_run_id, "task_id": task_id}
    filters += [OneOf(field, (value,)) for field, value in named.items() if value != ALL]
    filters += call.dag_filters()
    with call.store.read() as conn:
        page = listing.page(conn, query.page(), filters)
        facts = call.server.versions.of(conn, [row.dag_version_id for row in page.rows])
    shown = [present.present(row, facts[row.dag_version_id]) for row in page.rows]
    return Json({"xcom_entries": shown, "total_entries": page.total})


@router.get(_ENTRY, responses=replies("XComResponseNative|XComResponseString", 404))
def get_xcom_entry(
    call: Viewer,
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    xcom_key: str,
    map_index: MapIndex = -1,
    deserialize: bool = False,
    stringify: bool = False,
) -> Response:
    """Return an entry with its value: as JSON data, or with ``stringify`` as text."""
    with call.store.read() as conn:
        found = listing.get(conn, dag_id, dag_run_id, task_id, map_index, xcom_key)
        if found is None:
            raise not_found(f"Task {task_id!r} left no XCom {xcom_key!r} in this run.")
        # Values are stored as JSON: there is nothing more to deserialize, and no code to run.
        return Json(_with_value(call, conn, found, as_text=stringify))


def _with_value(
    call: Call, conn: Connection, found: tuple[XComListed, str | None], *, as_text: bool = False
) -> dict[str, Any]:
    row, text = found
    value = load_or_none(text)
    if as_text and value is not None:
        value = str(value)  # Python's own form of lists and objects, as in Airflow
    facts = call.server.versions.of(conn, [row.dag_version_id])
    return {**present.present(row, facts[row.dag_version_id]), "value": value}


@router.post(
    _ENTRIES, status_code=201, responses=replies("XComResponseNative", 404, 409, status=201)
)
def create_xcom_entry(
    call: Editor, dag_id: str, dag_run_id: str, task_id: str, given: body.XComCreate
) -> Response:
    """Write an entry that is not there yet."""
    with call.store.read() as conn:
        spec = dag.latest_spec(conn, dag_id)
        if spec is None:
            raise dag_not_found(dag_id)
        if all(task["task_id"] != task_id for task in spec[1]["tasks"]):
            raise not_found(f"DAG {dag_id!r} has no task {task_id!r}.")
        found = run.get(conn, dag_id, dag_run_id)
        if found is None:
            raise run_not_found(dag_id, dag_run_id)
    pk = found.id

    def create(conn: Connection) -> None:
        if xcom.get(conn, pk, task_id, given.key, given.map_index) is not None:
            raise conflict(
                f"Task {task_id!r} has an XCom {given.key!r} in this run already: PATCH it."
            )
        _set(conn, call, "create_xcom_entry", pk, (dag_id, dag_run_id, task_id), given.key, given)

    call.store.write(create)
    return _reply(call, dag_id, dag_run_id, task_id, given.map_index, given.key, 201)


@router.patch(_ENTRY, responses=replies("XComResponseNative", 404))
def update_xcom_entry(
    call: Editor,
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    xcom_key: str,
    given: body.XComUpdate,
) -> Response:
    """Write over an entry."""

    def change(conn: Connection) -> None:
        old = _existing(conn, dag_id, dag_run_id, task_id, given.map_index, xcom_key)
        names = (dag_id, dag_run_id, task_id)
        _set(conn, call, "update_xcom_entry", old.dag_run_id, names, xcom_key, given, old)

    call.store.write(change)
    return _reply(call, dag_id, dag_run_id, task_id, given.map_index, xcom_key, 200)


@router.delete(_ENTRY, status_code=204, responses=replies(None, 404, status=204))
def delete_xcom_entry(
    call: Editor,
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    xcom_key: str,
    map_index: MapIndex = -1,
) -> Response:
    """Delete an entry."""

    def delete(conn: Connection) -> None:
        old = _existing(conn, dag_id, dag_run_id, task_id, map_index, xcom_key)
        xcom.delete(conn, old.dag_run_id, task_id, xcom_key, map_index)
        audit.write(
            conn,
            call,
            "delete_xcom_entry",
            {"xcom_key": xcom_key},
            dag_id=dag_id,
            run_id=dag_run_id,
            task_id=task_id,
            map_index=map_index,
            before={"value": old.value},
        )

    call.store.write(delete)
    return no_content()


def _existing(
    conn: Connection, dag_id: str, run_id: str, task_id: str, map_index: Int, key: str
) -> XComRow:
    """Return an entry as it is; raise the 404 if there is none."""
    of_run = run.get(conn, dag_id, run_id)
    found = of_run and xcom.get(conn, of_run.id, task_id, key, map_index)
    if found is None:
        raise not_found(f"Task {task_id!r} has no XCom {key!r} in this run.")
    return found


def _set(
    conn: Connection,
    call: Call,
    event: str,
    pk: int,
    names: tuple[str, str, str],
    key: str,
    given: body.XComCreate | body.XComUpdate,
    old: XComRow | None = None,
) -> None:
    dag_id, run_id, task_id = names
    try:
        xcom.set(conn, pk, task_id, key, given.value, given.map_index, now=call.clock.now())
    except (TypeError, ValueError) as e:
        raise bad_request(f"The value has no JSON form: {e}") from None
    audit.write(
        conn,
        call,
        event,
        {"key": key},
        dag_id=dag_id,
        run_id=run_id,
        task_id=task_id,
        map_index=given.map_index,
        before=None if old is None else {"value": old.value},
        after={"value": given.value},
    )


def _reply(
    call: Call, dag_id: str, run_id: str, task_id: str, map_index: Int, key: str, status: int
) -> Response:
    with call.store.read() as conn:
        found = listing.get(conn, dag_id, run_id, task_id, map_index, key)
        if found is None:
            raise not_found(f"Task {task_id!r} left no XCom {key!r} in this run.")
        return Json(_with_value(call, conn, found), status)
