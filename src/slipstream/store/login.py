"""Logins that have not ended, and who is behind each: what a token is looked up by."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, insert, select
from sqlalchemy import delete as sql_delete

from slipstream.store.codec import safe_text
from slipstream.store.row import SESSION, SessionRow
from slipstream.store.schema import (
    auth_role,
    auth_role_permission,
    auth_session,
    auth_user,
    auth_user_role,
)

_SELECT = select(*SESSION.columns)


class Holder(NamedTuple):
    """Who a login is of, with what they may do."""

    user_id: int
    username: str
    expires_at: datetime
    roles: tuple[str, ...]
    permissions: frozenset[tuple[str, str]]
    """Pairs of action and resource."""


def add(
    conn: Connection,
    *,
    id: str,
    user_id: int,
    kind: str,
    now: datetime,
    expires_at: datetime,
    address: str | None,
    agent: str | None,
) -> None:
    """Begin a login, and forget those that have expired."""
    conn.execute(sql_delete(auth_session).where(auth_session.c.expires_at < now))
    conn.execute(
        insert(auth_session),
        {
            "id": id,
            "user_id": user_id,
            "kind": kind,
            "created_at": now,
            "expires_at": expires_at,
            "address": safe_text(address, 100),
            "agent": safe_text(agent, 250),
        },
    )


def get(conn: Connection, id: str) -> SessionRow | None:
    """Return one login."""
    return SESSION.first(conn.execute(_SELECT.where(auth_session.c.id == id)))


def list_of(conn: Connection, user_id: int, now: datetime) -> list[SessionRow]:
    """Return a user's logins that have not expired, newest first."""
    query = _SELECT.where(auth_session.c.user_id == user_id, auth_session.c.expires_at >= now)
    query = query.order_by(auth_session.c.created_at.desc(), auth_session.c.id)
    return SESSION.all(conn.execute(query))


def end(conn: Connection, id: str) -> bool:
    """End a login; False if there is none of that id."""
    return conn.execute(sql_delete(auth_session).where(auth_session.c.id == id)).rowcount > 0


def end_all(conn: Connection, user_id: int, except_id: str | None = None) -> int:
    """End all of a user's logins, or all but one; return how many."""
    query = sql_delete(auth_session).where(auth_session.c.user_id == user_id)
    if except_id is not None:
        query = query.where(auth_session.c.id != except_id)
    return conn.execute(query).rowcount


def holder(conn: Connection, id: str) -> Holder | None:
    """Return who a login is of; None when it has ended, or the user is not active."""
    row = conn.execute(
        select(auth_user.c.id, auth_user.c.username, auth_session.c.expires_at)
        .join(auth_session, auth_session.c.user_id == auth_user.c.id)
        .where(auth_session.c.id == id, auth_user.c.is_active.is_(True))
    ).first()
    if row is None:
        return None
    query = (
        select(auth_role.c.id, auth_role.c.name)
        .join(auth_user_role, auth_user_role.c.role_id == auth_role.c.id)
        .where(auth_user_role.c.user_id == row[0])
        .order_by(auth_role.c.name)
    )
    roles = [(role_id, name) for role_id, name in conn.execute(query)]
    return Holder(
        row[0],
        row[1],
        row[2],
        tuple(name for _, name in roles),
        permissions_of(conn, [role_id for role_id, _ in roles]),
    )


def permissions_of(conn: Connection, role_ids: Sequence[int]) -> frozenset[tuple[str, str]]:
    """Return all that these roles permit."""
    table = auth_role_permission
    query = select(table.c.action, table.c.resource).where(table.c.role_id.in_(role_ids))
    return frozenset((action, resource) for action, resource in conn.execute(query))
