"""``/auth/fab/v1/roles`` and ``/permissions``, by Flask-AppBuilder's shapes, as in Airflow."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from slipstream.api import audit, body
from slipstream.api.auth.words import ACTIONS, ADMIN, STANDARD, is_resource
from slipstream.api.call import Caller
from slipstream.api.error import bad_request, conflict, forbidden_because, not_found
from slipstream.api.query import Ordered, filters_of, masked
from slipstream.api.replies import replies
from slipstream.api.reply import Json
from slipstream.store import Connection, role
from slipstream.store.listing import person
from slipstream.store.role import Permission
from slipstream.store.row import RoleRow

router = APIRouter(prefix="/auth/fab/v1", tags=["FabRoles"])


class RoleQuery(Ordered):
    order_by: list[str] = ["name"]


class PermissionQuery(Ordered):
    order_by: list[str] = ["id"]


def _present(row: RoleRow, permissions: list[Permission]) -> dict[str, Any]:
    return {"name": row.name, "actions": [_pair(each) for each in permissions]}


def _pair(permission: Permission) -> dict[str, Any]:
    return {"action": {"name": permission[0]}, "resource": {"name": permission[1]}}


def _told(row: RoleRow, permissions: list[Permission]) -> dict[str, Any]:
    return {"name": row.name, "permissions": [f"{a} on {r}" for a, r in permissions]}


def _found(conn: Connection, name: str) -> tuple[RoleRow, list[Permission]]:
    row = role.get(conn, name)
    if row is None:
        raise not_found(f"There is no role {name!r}.")
    return row, role.permissions(conn, [row.id])[row.id]


def _asked(given: list[body.Permission] | None) -> set[Permission]:
    """Return the permissions of a body; raise the 400 for those that there are not."""
    found = {(each.action.name, each.resource.name) for each in given or ()}
    for action, resource in sorted(found):
        if action not in ACTIONS:
            raise bad_request(f"There is no action {action!r}: it is one of {', '.join(ACTIONS)}.")
        if not is_resource(resource):
            raise bad_request(f"There is no resource {resource!r}.")
    return found


@router.get("/roles", responses=replies("RoleCollectionResponse", 400))
def get_roles(call: Caller, query: Annotated[RoleQuery, Query()]) -> Response:
    """List roles with their permissions."""
    with call.store.read() as conn:
        page = person.roles(conn, query.page(), filters_of(query))
        permissions = role.permissions(conn, [row.id for row in page.rows])
    shown = [_present(row, permissions[row.id]) for row in page.rows]
    return Json({"roles": shown, "total_entries": page.total})


@router.post("/roles", responses=replies("RoleResponse", 400, 409))
def create_role(call: Caller, given: body.Role) -> Response:
    """Create a role."""
    wanted = _asked(given.actions)

    def create(conn: Connection) -> dict[str, Any]:
        if role.get(conn, given.name) is not None:
            raise conflict(f"There is a role {given.name!r} already.")
        row = role.create(conn, given.name)
        role.add_permissions(conn, row.id, wanted)
        found = _found(conn, given.name)
        audit.write(conn, call, "post_role", after=_told(*found))
        return _present(*found)

    return Json(call.store.write(create))


@router.get("/roles/{name}", responses=replies("RoleResponse", 404))
def get_role(call: Caller, name: str) -> Response:
    """Return a role with its permissions."""
    with call.store.read() as conn:
        return Json(_present(*_found(conn, name)))


@router.patch("/roles/{name}", responses=replies("RoleResponse", 400, 404, 409))
def patch_role(
    call: Caller, name: str, given: body.Role, update_mask: str | None = None
) -> Response:
    """Change a role's name and permissions: those given, or the fields of the mask."""
    wanted = _asked(given.actions)
    fields = masked(given, update_mask)
    if name in STANDARD and "name" in fields and given.name != name:
        raise forbidden_because(f"{name} is a standard role: it keeps its name.")
    if name == ADMIN and "actions" in fields and not wanted >= STANDARD[ADMIN]:
        raise forbidden_because("Admin may do everything: nothing can be taken from it.")

    def change(conn: Connection) -> dict[str, Any]:
        row, before = _found(conn, name)
        if "name" in fields and given.name != name:
            if role.get(conn, given.name) is not None:
                raise conflict(f"There is a role {given.name!r} already.")
            role.rename(conn, row.id, given.name)
        if "actions" in fields and given.actions is not None:
            role.remove_permissions(conn, row.id, set(before) - wanted)
            role.add_permissions(conn, row.id, wanted)
        found = _found(conn, given.name if "name" in fields else name)
        audit.write(
            conn,
            call,
            "patch_role",
            {"name": name},
            before=_told(row, before),
            after=_told(*found),
        )
        return _present(*found)

    shown = call.store.write(change)
    call.server.sessions.forget()
    return Json(shown)


@router.delete("/roles/{name}", responses=replies(None, 400, 404))
def delete_role(call: Caller, name: str) -> Response:
    """Delete a role; its users lose what it permits."""
    if name == ADMIN:
        raise forbidden_because("Admin cannot be deleted: nobody could mend that.")

    def delete(conn: Connection) -> None:
        row, before = _found(conn, name)
        role.delete(conn, row.id)
        audit.write(conn, call, "delete_role", before=_told(row, before))

    call.store.write(delete)
    call.server.sessions.forget()
    return Json(None)


@router.get("/permissions", responses=replies("PermissionCollectionResponse", 400))
def get_permissions(call: Caller, query: Annotated[PermissionQuery, Query()]) -> Response:
    """List the permissions that there are: those of roles, and those of the standard roles."""
    with call.store.read() as conn:
        page = person.permissions(conn, query.page(), filters_of(query))
    return Json({"actions": [_pair(each) for each in page.rows], "total_entries": page.total})
