"""Users, roles and the permissions that roles have."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select

from slipstream.store.listing.filter import Fields, Filter, where
from slipstream.store.listing.page import Listing, Page, Window, listed
from slipstream.store.role import Permission
from slipstream.store.row import ROLE, USER, RoleRow, UserRow
from slipstream.store.schema import auth_role, auth_role_permission, auth_user

_USER_FIELDS: Fields = {
    "id": auth_user.c.id,
    "user_id": auth_user.c.id,
    "username": auth_user.c.username,
    "email": auth_user.c.email,
    "first_name": auth_user.c.first_name,
    "last_name": auth_user.c.last_name,
    "is_active": auth_user.c.is_active,
    "active": auth_user.c.is_active,
    "created_on": auth_user.c.created_at,
    "changed_on": auth_user.c.changed_at,
    "last_login": auth_user.c.last_login_at,
    "login_count": auth_user.c.login_count,
    "fail_login_count": auth_user.c.fail_login_count,
}
_USERS = Listing(
    keys=(auth_user.c.id,),
    source=auth_user,
    shown=select(*USER.columns),
    sortable=_USER_FIELDS,
    nullable=frozenset({"last_login"}),
)
_ROLE_FIELDS: Fields = {
    "id": auth_role.c.id,
    "role_id": auth_role.c.id,
    "name": auth_role.c.name,
}
_ROLES = Listing(
    keys=(auth_role.c.id,), source=auth_role, shown=select(*ROLE.columns), sortable=_ROLE_FIELDS
)
_PAIRS = (
    select(auth_role_permission.c.action, auth_role_permission.c.resource).distinct().subquery("p")
)
_PERMISSION_FIELDS: Fields = {
    "id": _PAIRS.c.resource,
    "action": _PAIRS.c.action,
    "resource": _PAIRS.c.resource,
}
_PERMISSIONS = Listing(
    keys=(_PAIRS.c.resource, _PAIRS.c.action),
    source=_PAIRS,
    shown=select(_PAIRS.c.action, _PAIRS.c.resource),
    sortable=_PERMISSION_FIELDS,
)


def users(conn: Connection, window: Window, filters: Sequence[Filter] = ()) -> Page[UserRow]:
    """Return a page of users."""
    return listed(conn, _USERS, window, where(filters, _USER_FIELDS, conn.dialect.name), USER.make)


def roles(conn: Connection, window: Window, filters: Sequence[Filter] = ()) -> Page[RoleRow]:
    """Return a page of roles."""
    return listed(conn, _ROLES, window, where(filters, _ROLE_FIELDS, conn.dialect.name), ROLE.make)


def permissions(
    conn: Connection, window: Window, filters: Sequence[Filter] = ()
) -> Page[Permission]:
    """Return a page of the different permissions that roles have."""
    clauses = where(filters, _PERMISSION_FIELDS, conn.dialect.name)
    return listed(conn, _PERMISSIONS, window, clauses, lambda row: (row.action, row.resource))
