"""Connections: list, read, write, delete, in bulk too. No reply holds a secret."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from slipstream import command
from slipstream.api import audit, body, bulk
from slipstream.api.call import Operator
from slipstream.api.error import already_exists, bad_request, forbidden_because, not_found
from slipstream.api.mask import MASK, redact_json, sensitive_words, unmasked_text
from slipstream.api.outside import NoAnswer, ask
from slipstream.api.query import ConnectionQuery, filters_of
from slipstream.api.replies import replies
from slipstream.api.reply import Json, no_content
from slipstream.config import conf
from slipstream.store import Connection, connection
from slipstream.store.connection import NewConnection
from slipstream.store.listing import resource
from slipstream.store.row import ConnectionRow

router = APIRouter(tags=["Connection"])

_ID = "/connections/{connection_id:rest}"
_TRIAL_S = 60.0
_SECRET = ("password", "extra")
_FIELDS = ("conn_type", "description", "host", "login", "schema", "port", "password", "extra")


def _present(row: ConnectionRow) -> dict[str, Any]:
    return {
        "connection_id": row.conn_id,
        "conn_type": row.conn_type,
        "description": row.description,
        "host": row.host,
        "login": row.login,
        "schema": row.schema,
        "port": row.port,
        # Shown to nobody, whatever hide_sensitive_var_conn_fields says.
        "password": MASK if row.password else None,
        "extra": redact_json(row.extra, sensitive_words()) if row.extra else row.extra,
        "team_name": None,
    }


def _found(conn: Connection, conn_id: str) -> ConnectionRow:
    row = connection.shown(conn, conn_id)
    if row is None:
        raise not_found(f"There is no connection {conn_id!r}.")
    return row


def _new(given: body.Connection) -> NewConnection:
    values = given.model_dump(by_alias=True)
    return NewConnection(conn_id=given.connection_id, **{name: values[name] for name in _FIELDS})


def _unmasked(wanted: NewConnection, before: ConnectionRow) -> NewConnection:
    """Return ``wanted`` with the secrets of before, where it has them as a reply shows them."""
    return replace(
        wanted,
        password=unmasked_text(wanted.password, before.password),
        extra=unmasked_text(wanted.extra, before.extra),
    )


def _kept(before: ConnectionRow, mask: Sequence[str] | None) -> dict[str, Any]:
    """Return the fields that are not in a mask; without a mask, none."""
    if mask is None:
        return {}
    named = {"schema" if name == "schema_" else name for name in mask}
    return {name: getattr(before, name) for name in _FIELDS if name not in named}


class _Connections:
    """Connections, for bulk changes."""

    noun = "connections"
    secret: Sequence[str] = _SECRET

    def key(self, entity: body.Connection) -> str:
        return entity.connection_id

    def existing(self, conn: Connection, keys: Collection[str]) -> set[str]:
        return resource.existing_connections(conn, keys)

    def put(self, conn: Connection, entity: body.Connection, mask: Sequence[str] | None) -> None:
        wanted, id = _new(entity), entity.connection_id
        # What is to be kept must be readable; what is written over need not.
        is_kept = mask is not None and not set(_SECRET) <= set(mask)
        before = connection.get(conn, id) if is_kept else connection.shown(conn, id)
        if before is not None:
            # A field that is left out, or a mask sent back as it was shown, keeps its value.
            wanted = replace(_unmasked(wanted, before), **_kept(before, mask))
        connection.upsert(conn, wanted)

    def delete(self, conn: Connection, key: str) -> None:
        connection.delete(conn, key)

    def found(self, conn: Connection, key: str) -> ConnectionRow | None:
        return connection.shown(conn, key)

    def told(self, found: ConnectionRow) -> dict[str, Any]:
        return _told(found)


_CONNECTIONS = _Connections()


def _told(row: ConnectionRow) -> dict[str, Any]:
    """Return what the audit log keeps: no secrets."""
    return audit.facts(row, ("conn_id", *(n for n in _FIELDS if n not in _SECRET)), _SECRET)


@router.get("/connections", responses=replies("ConnectionCollectionResponse"))
def get_connections(call: Operator, query: Annotated[ConnectionQuery, Query()]) -> Response:
    """List connections."""
    with call.store.read() as conn:
        page = resource.connections(conn, query.page(), filters_of(query))
    return Json({"connections": [_present(row) for row in page.rows], "total_entries": page.total})


@router.post(
    "/connections", status_code=201, responses=replies("ConnectionResponse", 409, status=201)
)
def post_connection(call: Operator, given: body.Connection) -> Response:
    """Create a connection."""

    def create(conn: Connection) -> ConnectionRow:
        if _CONNECTIONS.existing(conn, [given.connection_id]):
            raise already_exists(f"Connection {given.connection_id!r} already exists.")
        connection.upsert(conn, _new(given))
        row = _found(conn, given.connection_id)
        audit.write(conn, call, "post_connection", after=_told(row))
        return row

    return Json(_present(call.store.write(create)), 201)


@router.post("/connections/defaults", status_code=204, responses=replies(None, status=204))
def create_default_connections(call: Operator) -> Response:
    """Create the connections that providers' hooks use by default; keep those that exist."""

    def create(conn: Connection) -> None:
        n_created, _ = command.create_default_connections(conn)
        audit.write(conn, call, "create_default_connections", {"n_created": n_created})

    call.store.write(create)
    return no_content()


@router.post("/connections/test", responses=replies("ConnectionTestResponse"))
def test_connection(call: Operator, given: body.Connection) -> Response:
    """Try a connection in a process of its own, where ``[core] test_connection`` allows it."""
    if conf.get("core", "test_connection", fallback="Disabled").lower() != "enabled":
        raise forbidden_because(
            "Connections cannot be tested here: [core] test_connection is not Enabled. "
            "Who runs this server can set it."
        )
    wanted = _new(given)
    with call.store.read() as conn:
        before = connection.get(conn, given.connection_id)
    if before is not None:
        wanted = _unmasked(wanted, before)
    fields = {name: getattr(wanted, name) for name in _FIELDS}
    try:
        return Json(ask("slipstream.sdk.connection_trial", fields, within_s=_TRIAL_S))
    except NoAnswer as error:
        message = f"The test in a process of its own gave no result: {error}."
        return Json({"status": False, "message": message})


@router.patch("/connections", responses=replies("BulkResponse"))
def bulk_connections(call: Operator, given: body.ConnectionBulk) -> Response:
    """Create, update and delete connections."""
    call.need_bulk("Connections", given.actions)

    def change(conn: Connection) -> dict[str, Any]:
        outcome, told = bulk.apply_and_tell(conn, _CONNECTIONS, given.actions)
        audit.write(conn, call, "bulk_connections", told)
        return outcome

    return Json(call.store.write(change))


@router.get(_ID, responses=replies("ConnectionResponse", 404))
def get_connection(call: Operator, connection_id: str) -> Response:
    """Return a connection."""
    with call.store.read() as conn:
        return Json(_present(_found(conn, connection_id)))


@router.patch(_ID, responses=replies("ConnectionResponse", 404))
def patch_connection(
    call: Operator,
    connection_id: str,
    given: body.Connection,
    update_mask: Annotated[list[str] | None, Query()] = None,
) -> Response:
    """Change a connection: the fields given, or those of the mask."""
    if given.connection_id != connection_id:
        raise bad_request(
            f"The body is of connection {given.connection_id!r}, the path of {connection_id!r}: "
            "a connection cannot be renamed."
        )

    def change(conn: Connection) -> ConnectionRow:
        old = _found(conn, connection_id)
        _CONNECTIONS.put(conn, given, update_mask or sorted(given.model_fields_set))
        row = _found(conn, connection_id)
        before, after = _told(old), _told(row)
        audit.tell_changed(before, after, old, row, _SECRET)
        told = {"connection_id": connection_id}
        audit.write(conn, call, "patch_connection", told, before=before, after=after)
        return row

    return Json(_present(call.store.write(change)))


@router.delete(_ID, status_code=204, responses=replies(None, 404, status=204))
def delete_connection(call: Operator, connection_id: str) -> Response:
    """Delete a connection."""

    def delete(conn: Connection) -> bool:
        row = connection.shown(conn, connection_id)
        found = connection.delete(conn, connection_id)
        if found and row is not None:
            audit.write(conn, call, "delete_connection", before=_told(row))
        return found

    if not call.store.write(delete):
        raise not_found(f"There is no connection {connection_id!r}.")
    return no_content()
