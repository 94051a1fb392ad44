"""``/auth/fab/v1/users``: users, by Flask-AppBuilder's shapes, as in Airflow."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from slipstream.api import audit, body
from slipstream.api.auth import password
from slipstream.api.auth.login import take_away
from slipstream.api.call import Call, Caller
from slipstream.api.error import bad_request, conflict, forbidden_because, not_found
from slipstream.api.query import Ordered, filters_of, masked
from slipstream.api.replies import replies
from slipstream.api.reply import Json
from slipstream.store import Connection, login, role, user
from slipstream.store.listing import person
from slipstream.store.row import UserRow

router = APIRouter(prefix="/auth/fab/v1/users", tags=["FabUsers"])

_TOLD = ("username", "email", "first_name", "last_name")


class UserQuery(Ordered):
    order_by: list[str] = ["id"]


def present(row: UserRow, roles: list[str]) -> dict[str, Any]:
    """Return a user as replies show it: never with the hash of the password."""
    return {
        **{name: getattr(row, name) for name in _TOLD},
        "roles": [{"name": name} for name in roles],
        "active": row.is_active,
        "last_login": row.last_login_at,
        "login_count": row.login_count,
        "fail_login_count": row.fail_login_count,
        "created_on": row.created_at,
        "changed_on": row.changed_at,
    }


def _told(row: UserRow, roles: list[str]) -> dict[str, Any]:
    """Return what the audit log keeps of a user."""
    told = {name: getattr(row, name) for name in _TOLD}
    return {**told, "active": row.is_active, "roles": roles}


def _found(conn: Connection, username: str) -> UserRow:
    row = user.get(conn, username)
    if row is None:
        raise not_found(f"There is no user {username!r}.")
    return row


def _with_roles(conn: Connection, row: UserRow) -> tuple[UserRow, list[str]]:
    return row, user.roles_of(conn, [row.id])[row.id]


def _role_ids(conn: Connection, given: list[body.Named]) -> list[int]:
    names = [each.name for each in given]
    found = role.ids(conn, names)
    unknown = [name for name in names if name not in found]
    if unknown:
        raise bad_request(f"There is no role {', '.join(map(repr, unknown))}.")
    return list(found.values())


@router.get("", responses=replies("UserCollectionResponse", 400))
def get_users(call: Caller, query: Annotated[UserQuery, Query()]) -> Response:
    """List users."""
    with call.store.read() as conn:
        page = person.users(conn, query.page(), filters_of(query))
        roles = user.roles_of(conn, [row.id for row in page.rows])
    shown = [present(row, roles[row.id]) for row in page.rows]
    return Json({"users": shown, "total_entries": page.total})


@router.post("", responses=replies("UserResponse", 400, 409))
def create_user(call: Caller, given: body.User) -> Response:
    """Create a user; without roles, in none."""
    hashed = password.hashed(given.password)

    def create(conn: Connection) -> tuple[UserRow, list[str]]:
        if user.get(conn, given.username) is not None:
            raise conflict(f"There is a user {given.username!r} already.")
        if user.get_by_email(conn, given.email) is not None:
            raise conflict(f"Another user has the e-mail address {given.email!r}.")
        row = user.create(
            conn,
            username=given.username,
            email=given.email,
            first_name=given.first_name,
            last_name=given.last_name,
            password_hash=hashed,
            role_ids=_role_ids(conn, given.roles or []),
            now=call.clock.now(),
        )
        found = _with_roles(conn, row)
        audit.write(conn, call, "post_user", after=_told(*found))
        return found

    return Json(present(*call.store.write(create)))


@router.get("/{username}", responses=replies("UserResponse", 404))
def get_user(call: Caller, username: str) -> Response:
    """Return a user."""
    with call.store.read() as conn:
        return Json(present(*_with_roles(conn, _found(conn, username))))


@router.patch("/{username}", responses=replies("UserResponse", 400, 404, 409))
def patch_user(
    call: Caller, username: str, given: body.UserPatch, update_mask: str | None = None
) -> Response:
    """Change a user: the fields given, or those of the mask (separated by commas).

    A new password, or a user who is not active any more, ends all of their logins.
    """
    fields = masked(given, update_mask)
    fields = {name for name in fields if getattr(given, name) is not None}
    hashed = None
    if "password" in fields:
        hashed = password.hashed(given.password or "")

    def change(conn: Connection) -> tuple[UserRow, list[str]]:
        row, roles = _with_roles(conn, _found(conn, username))
        values = {name: getattr(given, name) for name in fields if name in _TOLD}
        if values.get("username") not in (None, username) and user.get(conn, values["username"]):
            raise conflict(f"There is a user {values['username']!r} already.")
        if values.get("email") not in (None, row.email) and user.get_by_email(
            conn, values["email"]
        ):
            raise conflict(f"Another user has the e-mail address {values['email']!r}.")
        if hashed is not None:
            values["password_hash"] = hashed
        if "active" in fields:
            _check_not_oneself(call, row, stays=bool(given.active))
            values["is_active"] = given.active
        user.change(conn, row.id, call.clock.now(), **values)
        if "roles" in fields and given.roles is not None:
            user.set_roles(conn, row.id, _role_ids(conn, given.roles))
        if hashed is not None or not values.get("is_active", True):
            login.end_all(conn, row.id, except_id=call.user.session_id)
        after = user.get_by_id(conn, row.id)
        assert after is not None
        found = _with_roles(conn, after)
        told = {"username": username, **({"password": "changed"} if hashed else {})}
        audit.write(conn, call, "patch_user", told, before=_told(row, roles), after=_told(*found))
        return found

    found = call.store.write(change)
    if found[0].username != username:
        take_away(username)
    call.server.sessions.forget()
    return Json(present(*found))


@router.delete("/{username}", status_code=204, responses=replies(None, 400, 404, status=204))
def delete_user(call: Caller, username: str) -> Response:
    """Delete a user; their logins end."""

    def delete(conn: Connection) -> None:
        row, roles = _with_roles(conn, _found(conn, username))
        _check_not_oneself(call, row, stays=False)
        user.delete(conn, row.id)
        audit.write(conn, call, "delete_user", before=_told(row, roles))

    call.store.write(delete)
    take_away(username)
    call.server.sessions.forget()
    return Response(status_code=204)


def _check_not_oneself(call: Call, row: UserRow, *, stays: bool) -> None:
    if row.id == call.user.id and not stays:
        raise forbidden_because("You cannot take your own user away: another admin can.")
