"""Roles, and the permissions that they have: pairs of an action and a resource."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, and_, or_, select
from sqlalchemy import delete as sql_delete

from slipstream.errors import UserError
from slipstream.store import dialect
from slipstream.store.row import ROLE, RoleRow
from slipstream.store.schema import auth_role, auth_role_permission

Permission = tuple[str, str]
"""Action, resource."""

MAX_NAME = 250
MAX_RESOURCE = 300
_SELECT = select(*ROLE.columns)
_OF_DAG = {
    "DAGs": ("DAG:", {"can_read", "can_edit", "can_delete"}),
    "DAG Runs": ("DAG Run:", {"can_read", "can_create", "can_delete", "menu_access"}),
}
"""By the resource's name in a DAG file: how the one DAG's begins, and the actions on it."""
_KEPT = "Admin"
"""This role's permissions do not depend on what DAG files say."""


def list_all(conn: Connection) -> list[RoleRow]:
    """Return all roles by name."""
    return ROLE.all(conn.execute(_SELECT.order_by(auth_role.c.name)))


def get(conn: Connection, name: str) -> RoleRow | None:
    """Return a role by name."""
    return ROLE.first(conn.execute(_SELECT.where(auth_role.c.name == name)))


def ids(conn: Connection, names: Iterable[str]) -> dict[str, int]:
    """Return the keys of the roles of these names, of those that exist."""
    query = select(auth_role.c.name, auth_role.c.id).where(auth_role.c.name.in_(list(names)))
    return {name: int(id) for name, id in conn.execute(query)}


def create(conn: Connection, name: str) -> RoleRow:
    """Add a role; raise UserError for a name that cannot be one, or that is taken."""
    if not name or len(name) > MAX_NAME or not name.isprintable() or name != name.strip():
        raise UserError(f"A role's name is 1 to {MAX_NAME} printable characters, not {name!r:.80}.")
    id = dialect.of(conn).insert_new(conn, auth_role, {"name": name})
    if id is None:
        raise UserError(f"There is a role {name!r} already.")
    return RoleRow(id, name)


def ensure(conn: Connection, name: str) -> int:
    """Return the key of a role, which is made if there is none."""
    row = get(conn, name)
    if row is not None:
        return row.id
    id = dialect.of(conn).insert_new(conn, auth_role, {"name": name})
    return ids(conn, [name])[name] if id is None else id


def rename(conn: Connection, id: int, name: str) -> None:
    """Give a role another name; raise UserError if it is taken."""
    other = get(conn, name)
    if other is not None and other.id != id:
        raise UserError(f"There is a role {name!r} already.")
    conn.execute(auth_role.update().where(auth_role.c.id == id).values(name=name))


def delete(conn: Connection, id: int) -> None:
    """Delete a role; its users lose what it permits."""
    conn.execute(sql_delete(auth_role).where(auth_role.c.id == id))


def permissions(conn: Connection, role_ids: Sequence[int]) -> dict[int, list[Permission]]:
    """Return the permissions of these roles, in order."""
    found: dict[int, list[Permission]] = {id: [] for id in role_ids}
    if not role_ids:
        return found
    table = auth_role_permission
    query = select(table.c.role_id, table.c.action, table.c.resource)
    query = query.where(table.c.role_id.in_(role_ids)).order_by(table.c.resource, table.c.action)
    for id, action, resource in conn.execute(query):
        found[id].append((action, resource))
    return found


def add_permissions(conn: Connection, id: int, given: Iterable[Permission]) -> int:
    """Give a role permissions; return how many of them are new."""
    new = sorted(set(given) - set(permissions(conn, [id])[id]))
    for action, resource in new:
        if len(resource) > MAX_RESOURCE or len(action) > 50:
            raise UserError(f"There can be no permission {action!r:.60} on {resource!r:.80}.")
    if new:
        conn.execute(
            dialect.of(conn).insert_missing(
                auth_role_permission, ("role_id", "action", "resource")
            ),
            [{"role_id": id, "action": a, "resource": r} for a, r in new],
        )
    return len(new)


def remove_permissions(conn: Connection, id: int, given: Collection[Permission]) -> int:
    """Take permissions from a role; return how many of them it had."""
    table = auth_role_permission
    n = 0
    for action, resource in sorted(given):
        n += conn.execute(
            sql_delete(table).where(
                table.c.role_id == id, table.c.action == action, table.c.resource == resource
            )
        ).rowcount
    return n


def sync_dag(conn: Connection, dag_id: str, access_control: Mapping[str, Any]) -> list[str]:
    """Make the permissions on one DAG those that its file gives; return roles that do not exist.

    ``access_control`` maps a role's name to actions on the DAG, or to actions by resource (``DAGs``
    or ``DAG Runs``). As FAB: what the file does not give is taken away, except from Admin.
    """
    table = auth_role_permission
    resources = {name: prefix + dag_id for name, (prefix, _) in _OF_DAG.items()}
    known = {row.name: row.id for row in list_all(conn)}
    wanted: set[tuple[int, str, str]] = set()
    for name, given in access_control.items():
        by_resource = given if isinstance(given, Mapping) else {"DAGs": given}
        for resource, actions in by_resource.items():
            if resource in resources and name in known:
                possible = _OF_DAG[resource][1].intersection(actions)
                wanted |= {(known[name], action, resources[resource]) for action in possible}
    query = select(table.c.role_id, table.c.action, table.c.resource)
    query = query.where(table.c.resource.in_(resources.values()))
    there = {(id, action, resource) for id, action, resource in conn.execute(query)}
    gone = {row for row in there - wanted if row[0] != known.get(_KEPT)}
    if gone:
        conn.execute(
            sql_delete(table).where(
                or_(
                    *(
                        and_(table.c.role_id == i, table.c.action == a, table.c.resource == r)
                        for i, a, r in sorted(gone)
                    )
                )
            )
        )
    if wanted - there:
        conn.execute(
            dialect.of(conn).insert_missing(table, ("role_id", "action", "resource")),
            [
                {"role_id": id, "action": action, "resource": resource}
                for id, action, resource in sorted(wanted - there)
            ],
        )
    return sorted(name for name in access_control if name not in known)
