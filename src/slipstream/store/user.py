"""Users: who may log in, and in which roles they are. Hashes of passwords come from the caller."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy import delete as sql_delete

from slipstream.errors import UserError
from slipstream.store import dialect
from slipstream.store.codec import safe_text
from slipstream.store.row import USER, UserRow
from slipstream.store.schema import auth_role, auth_user, auth_user_role

MAX_NAME = 250
_SELECT = select(*USER.columns)


def get(conn: Connection, username: str) -> UserRow | None:
    """Return a user by name."""
    return USER.first(conn.execute(_SELECT.where(auth_user.c.username == username)))


def get_by_id(conn: Connection, id: int) -> UserRow | None:
    """Return a user by the key of their row."""
    return USER.first(conn.execute(_SELECT.where(auth_user.c.id == id)))


def get_by_email(conn: Connection, email: str) -> UserRow | None:
    """Return a user by their e-mail address."""
    return USER.first(conn.execute(_SELECT.where(auth_user.c.email == email)))


def list_all(conn: Connection) -> list[UserRow]:
    """Return all users, oldest first."""
    return USER.all(conn.execute(_SELECT.order_by(auth_user.c.id)))


def count(conn: Connection) -> int:
    """Return how many users there are."""
    return int(conn.execute(select(func.count()).select_from(auth_user)).scalar_one())


def create(
    conn: Connection,
    *,
    username: str,
    email: str,
    first_name: str = "",
    last_name: str = "",
    password_hash: str | None,
    role_ids: Collection[int],
    now: datetime,
    is_active: bool = True,
) -> UserRow:
    """Add a user; raise UserError for a name that cannot be one, or that is taken."""
    _check(username, "user name")
    _check(email, "e-mail address")
    if get(conn, username) is None and get_by_email(conn, email) is not None:
        raise UserError(f"Another user has the e-mail address {email!r}.")
    id = dialect.of(conn).insert_new(
        conn,
        auth_user,
        {
            "username": username,
            "email": email,
            "first_name": safe_text(first_name, 250),
            "last_name": safe_text(last_name, 250),
            "password_hash": password_hash,
            "is_active": is_active,
            "created_at": now,
            "changed_at": now,
            "login_count": 0,
            "fail_login_count": 0,
        },
    )
    if id is None:
        raise UserError(f"There is a user {username!r} already.")
    set_roles(conn, id, role_ids)
    row = get_by_id(conn, id)
    assert row is not None
    return row


def change(conn: Connection, id: int, now: datetime, **values: Any) -> None:
    """Set columns of a user; raise UserError for a name or address that cannot be, or is taken."""
    for column, what in (("username", "user name"), ("email", "e-mail address")):
        if column in values:
            _check(values[column], what)
            other = conn.execute(
                select(auth_user.c.id).where(auth_user.c[column] == values[column])
            ).scalar()
            if other not in (None, id):
                raise UserError(f"Another user has the {what} {values[column]!r}.")
    for column in ("first_name", "last_name"):
        if column in values:
            values[column] = safe_text(values[column], 250)
    values["changed_at"] = now
    conn.execute(update(auth_user).where(auth_user.c.id == id).values(**values))


def count_login(conn: Connection, id: int, now: datetime) -> None:
    """Note a login."""
    conn.execute(
        update(auth_user)
        .where(auth_user.c.id == id)
        .values(last_login_at=now, login_count=auth_user.c.login_count + 1, fail_login_count=0)
    )


def count_failure(conn: Connection, id: int) -> None:
    """Note that somebody tried a wrong password."""
    conn.execute(
        update(auth_user)
        .where(auth_user.c.id == id)
        .values(fail_login_count=auth_user.c.fail_login_count + 1)
    )


def delete(conn: Connection, id: int) -> None:
    """Delete a user with their logins and memberships."""
    conn.execute(sql_delete(auth_user).where(auth_user.c.id == id))


def roles_of(conn: Connection, ids: Sequence[int]) -> dict[int, list[str]]:
    """Return the names of the roles, in order, that these users are in."""
    found: dict[int, list[str]] = {id: [] for id in ids}
    if not ids:
        return found
    query = (
        select(auth_user_role.c.user_id, auth_role.c.name)
        .join(auth_role, auth_role.c.id == auth_user_role.c.role_id)
        .where(auth_user_role.c.user_id.in_(ids))
        .order_by(auth_role.c.name)
    )
    for id, name in conn.execute(query):
        found[id].append(name)
    return found


def set_roles(conn: Connection, id: int, role_ids: Iterable[int]) -> None:
    """Put a user into exactly these roles."""
    conn.execute(sql_delete(auth_user_role).where(auth_user_role.c.user_id == id))
    rows = [{"user_id": id, "role_id": role_id} for role_id in sorted(set(role_ids))]
    if rows:
        conn.execute(insert(auth_user_role), rows)


def _check(name: str, what: str) -> None:
    if not name or len(name) > MAX_NAME or not name.isprintable() or name != name.strip():
        raise UserError(
            f"A {what} is 1 to {MAX_NAME} printable characters without blanks around them, "
            f"not {name!r:.80}."
        )
