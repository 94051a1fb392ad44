"""Variables: list, read, write, delete, in bulk too. Values under sensitive names are masked."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from slipstream.api import audit, body, bulk
from slipstream.api.call import Operator
from slipstream.api.error import bad_request, conflict, not_found
from slipstream.api.mask import (
    MASK,
    is_sensitive,
    redact_json,
    sensitive_words,
    unmasked_text,
)
from slipstream.api.query import VariableQuery, filters_of
from slipstream.api.replies import replies
from slipstream.api.reply import Json, no_content
from slipstream.store import Connection, variable
from slipstream.store.listing import resource
from slipstream.store.row import VariableRow

router = APIRouter(tags=["Variable"])

_KEY = "/variables/{variable_key:rest}"


def _present(row: VariableRow) -> dict[str, Any]:
    words = sensitive_words()
    value = row.value
    if value is not None:
        value = MASK if is_sensitive(row.key, words) else redact_json(value, words)
    return {
        "key": row.key,
        "value": value,
        "description": row.description,
        "is_encrypted": row.is_encrypted,
        "team_name": None,
    }


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _found(conn: Connection, key: str) -> VariableRow:
    row = variable.shown(conn, key)
    if row is None:
        raise not_found(f"There is no variable {key!r}.")
    return row


class _Variables:
    """Variables, for bulk changes."""

    noun = "variables"
    secret: Sequence[str] = ("value",)

    def key(self, entity: body.Variable) -> str:
        return entity.key

    def existing(self, conn: Connection, keys: Collection[str]) -> set[str]:
        return resource.existing_variables(conn, keys)

    def put(self, conn: Connection, entity: body.Variable, mask: Sequence[str] | None) -> None:
        value: str | None = _text(entity.value)
        description = entity.description
        # What is to be kept must be readable; what is written over need not.
        is_kept = mask is not None and "value" not in mask
        before = (variable.get if is_kept else variable.shown)(conn, entity.key)
        if before is not None:
            # A mask that is sent back as it was shown keeps what it hides.
            value = before.value if is_kept else unmasked_text(value, before.value)
            if mask is not None and "description" not in mask:
                description = before.description
        variable.put(conn, entity.key, value or "", description)

    def delete(self, conn: Connection, key: str) -> None:
        variable.delete(conn, key)

    def found(self, conn: Connection, key: str) -> VariableRow | None:
        return variable.shown(conn, key)

    def told(self, found: VariableRow) -> dict[str, Any]:
        return _told(found)


_VARIABLES = _Variables()


def _told(row: VariableRow) -> dict[str, Any]:
    """Return what the audit log keeps: never the value."""
    return audit.facts(row, ("key", "description"), ("value",))


@router.get("/variables", responses=replies("VariableCollectionResponse"))
def get_variables(call: Operator, query: Annotated[VariableQuery, Query()]) -> Response:
    """List variables."""
    with call.store.read() as conn:
        page = resource.variables(conn, query.page(), filters_of(query))
    return Json({"variables": [_present(row) for row in page.rows], "total_entries": page.total})


@router.post("/variables", status_code=201, responses=replies("VariableResponse", 409, status=201))
def post_variable(call: Operator, given: body.Variable) -> Response:
    """Create a variable."""

    def create(conn: Connection) -> VariableRow:
        if _VARIABLES.existing(conn, [given.key]):
            raise conflict(f"Variable {given.key!r} exists already.")
        _VARIABLES.put(conn, given, None)
        row = _found(conn, given.key)
        audit.write(conn, call, "post_variable", after=_told(row))
        return row

    return Json(_present(call.store.write(create)), 201)


@router.patch("/variables", responses=replies("BulkResponse"))
def bulk_variables(call: Operator, given: body.VariableBulk) -> Response:
    """Create, update and delete variables."""
    call.need_bulk("Variables", given.actions)

    def change(conn: Connection) -> dict[str, Any]:
        outcome, told = bulk.apply_and_tell(conn, _VARIABLES, given.actions)
        audit.write(conn, call, "bulk_variables", told)
        return outcome

    return Json(call.store.write(change))


@router.get(_KEY, responses=replies("VariableResponse", 404))
def get_variable(call: Operator, variable_key: str) -> Response:
    """Return a variable."""
    with call.store.read() as conn:
        return Json(_present(_found(conn, variable_key)))


@router.patch(_KEY, responses=replies("VariableResponse", 404))
def patch_variable(
    call: Operator,
    variable_key: str,
    given: body.Variable,
    update_mask: Annotated[list[str] | None, Query()] = None,
) -> Response:
    """Change a variable: the fields given, or those of the mask."""
    if given.key != variable_key:
        raise bad_request(
            f"The body is of variable {given.key!r}, the path of {variable_key!r}: "
            "a variable cannot be renamed."
        )
    if update_mask and "key" in update_mask:
        raise bad_request("A variable cannot be renamed: leave key out of update_mask.")

    def change(conn: Connection) -> VariableRow:
        old = _found(conn, variable_key)
        _VARIABLES.put(conn, given, update_mask or sorted(given.model_fields_set))
        row = _found(conn, variable_key)
        before, after = _told(old), _told(row)
        audit.tell_changed(before, after, old, row, ("value",))
        audit.write(conn, call, "patch_variable", {"key": variable_key}, before=before, after=after)
        return row

    return Json(_present(call.store.write(change)))


@router.delete(_KEY, status_code=204, responses=replies(None, 404, status=204))
def delete_variable(call: Operator, variable_key: str) -> Response:
    """Delete a variable."""

    def delete(conn: Connection) -> bool:
        row = variable.shown(conn, variable_key)
        found = variable.delete(conn, variable_key)
        if found and row is not None:
            audit.write(conn, call, "delete_variable", before=_told(row))
        return found

    if not call.store.write(delete):
        raise not_found(f"There is no variable {variable_key!r}.")
    return no_content()
