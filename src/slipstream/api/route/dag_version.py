"""DAG versions, their sources, import errors and warnings: what became of the DAG files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query
from starlette.responses import PlainTextResponse, Response

from slipstream.api import audit
from slipstream.api.auth.words import EDIT
from slipstream.api.call import Call, Editor, Viewer
from slipstream.api.error import dag_not_found, forbidden, not_found
from slipstream.api.negotiate import wants
from slipstream.api.present import record as present
from slipstream.api.present import version as present_version
from slipstream.api.query import (
    BigInt,
    ImportErrorQuery,
    Int,
    VersionQuery,
    WarningQuery,
    filters_of,
)
from slipstream.api.replies import replies
from slipstream.api.reply import Json
from slipstream.store import Connection, dag, inbox
from slipstream.store.listing import OneOf, Window, record, version
from slipstream.store.listing import dag as dags
from slipstream.store.listing.record import ImportErrorListed

router = APIRouter()

_HIDDEN = "Not shown: the file holds DAGs that you may not read."


@router.get(
    "/dags/{dag_id}/dagVersions",
    tags=["DagVersion"],
    responses=replies("DAGVersionCollectionResponse", 404),
)
def get_dag_versions(
    call: Viewer, dag_id: str, query: Annotated[VersionQuery, Query()]
) -> Response:
    """List the versions of a DAG."""
    filters = filters_of(query)
    with call.store.read() as conn:
        if dag_id != "~":
            if not dags.exists(conn, dag_id):
                raise dag_not_found(dag_id)
            filters.append(OneOf("dag_id", (dag_id,)))
        page = version.page(conn, query.page(), [*filters, *call.dag_filters()])
    shown = [present_version.present(row) for row in page.rows]
    return Json({"dag_versions": shown, "total_entries": page.total})


@router.get(
    "/dags/{dag_id}/dagVersions/{version_number}",
    tags=["DagVersion"],
    responses=replies("DagVersionResponse", 404),
)
def get_dag_version(call: Viewer, dag_id: str, version_number: Int) -> Response:
    """Return one version of a DAG."""
    filters = [OneOf("dag_id", (dag_id,)), OneOf("version_number", (version_number,))]
    with call.store.read() as conn:
        page = version.page(conn, Window(1), filters)
    if not page.rows:
        raise not_found(f"DAG {dag_id!r} has no version {version_number}.")
    return Json(present_version.present(page.rows[0]))


@router.get(
    "/dagSources/{dag_id}",
    tags=["DagSource"],
    responses=replies("DAGSourceResponse", 404, 406, text="from airflow.sdk import DAG\n"),
)
def get_dag_source(
    call: Viewer,
    dag_id: str,
    version_number: Int | None = None,
    accept: Annotated[str, Header()] = "*/*",
) -> Response:
    """Return the source of a DAG's file, as of a version or of the latest."""
    kind = wants(accept, "application/json", "text/plain")
    filters = [OneOf("dag_id", (dag_id,))]
    if version_number is not None:
        filters.append(OneOf("version_number", (version_number,)))
    with call.store.read() as conn:
        found = version.page(conn, Window(1, order_by=("-version_number",)), filters).rows
        content = dag.source(conn, found[0].id) if found else None
    if content is None:
        which = "" if version_number is None else f"version {version_number} of "
        raise not_found(f"No source is kept of {which}DAG {dag_id!r}.")
    if kind == "text/plain":
        return PlainTextResponse(content)
    return Json(
        {
            "content": content,
            "dag_id": dag_id,
            "version_number": found[0].version_number,
            "dag_display_name": found[0].dag_display_name or dag_id,
        }
    )


@router.put(
    "/parseDagFile/{file_token}",
    tags=["DAG Parsing"],
    status_code=201,
    responses=replies(None, 404, status=201),
)
def reparse_dag_file(call: Editor, file_token: str) -> Response:
    """Have a DAG file parsed again now."""
    place = call.server.file_tokens.read(file_token)
    if place is None:
        raise not_found("The token stands for no DAG file: take it from the DAG.")
    payload = {"bundle_name": place[0], "relative_fileloc": place[1]}
    with call.store.read() as conn:
        of_file = record.dags_of_files(conn, [place])[place]
    if not of_file and not call.user.may_dag(EDIT, ""):
        raise forbidden()
    for dag_id in of_file:
        call.need_dag(EDIT, dag_id)

    def ask(conn: Connection) -> None:
        inbox.post(
            conn, target="dag_processor", kind="reparse", payload=payload, now=call.clock.now()
        )
        audit.write(conn, call, "reparse_dag_file", payload)

    call.store.write(ask)
    call.store.wake("dag_processor")
    return Json(None, 201)


@router.get(
    "/importErrors", tags=["Import Error"], responses=replies("ImportErrorCollectionResponse")
)
def get_import_errors(call: Viewer, query: Annotated[ImportErrorQuery, Query()]) -> Response:
    """List the DAG files that cannot be imported."""
    with call.store.read() as conn:
        page = record.import_errors(conn, query.page(), filters_of(query), call.readable_dags())
        shown = _shown_errors(call, conn, page.rows)
    return Json({"import_errors": shown, "total_entries": page.total})


@router.get(
    "/importErrors/{import_error_id}",
    tags=["Import Error"],
    responses=replies("ImportErrorResponse", 404),
)
def get_import_error(call: Viewer, import_error_id: BigInt) -> Response:
    """Return one import error."""
    with call.store.read() as conn:
        filters = [OneOf("id", (import_error_id,))]
        page = record.import_errors(conn, Window(1), filters)
        if not page.rows:
            raise not_found(f"There is no import error {import_error_id}.")
        if not record.import_errors(conn, Window(1), filters, call.readable_dags()).rows:
            raise forbidden()
        return Json(_shown_errors(call, conn, page.rows)[0])


def _shown_errors(
    call: Call, conn: Connection, rows: Sequence[ImportErrorListed]
) -> list[dict[str, Any]]:
    """Present import errors; without the traceback where a DAG of the file is not readable."""
    readable = call.readable_dags()
    if readable is None:
        return [present.import_error(row) for row in rows]
    of_files = record.dags_of_files(conn, [(row.bundle_name, row.filename) for row in rows])
    return [
        present.import_error(
            row
            if of_files[row.bundle_name, row.filename] <= readable
            else row._replace(stacktrace=_HIDDEN)
        )
        for row in rows
    ]


@router.get("/dagWarnings", tags=["DagWarning"], responses=replies("DAGWarningCollectionResponse"))
def list_dag_warnings(call: Viewer, query: Annotated[WarningQuery, Query()]) -> Response:
    """List the warnings about DAGs."""
    with call.store.read() as conn:
        page = record.warnings(conn, query.page(), [*filters_of(query), *call.dag_filters()])
    shown = [present.warning(row) for row in page.rows]
    return Json({"dag_warnings": shown, "total_entries": page.total})
