"""``roles``: what users may do."""

from __future__ import annotations

import argparse
from collections import defaultdict
from itertools import product
from typing import TYPE_CHECKING, Any

from slipstream.cli.command import OUTPUT, Command, arg
from slipstream.cli.output import show
from slipstream.cli.session import note, open_store
from slipstream.errors import NotFound, UserError

if TYPE_CHECKING:
    from slipstream.store import Connection, Store


def list_roles(args: argparse.Namespace) -> None:
    from slipstream.store import role

    with open_store() as store:
        _ensure_standard(store)
        with store.read() as conn:
            rows = role.list_all(conn)
            permissions = role.permissions(conn, [row.id for row in rows])
    if not args.permission:
        show([{"name": row.name} for row in rows], args.output)
        return
    shown = [
        {"name": row.name, "resource": resource, "action": ",".join(actions)}
        for row in rows
        for resource, actions in _by_resource(permissions[row.id]).items()
    ]
    show(shown, args.output)


def create(args: argparse.Namespace) -> None:
    from slipstream.store import role

    def add(conn: Connection) -> int:
        for name in args.role:
            role.ensure(conn, name) if role.get(conn, name) else role.create(conn, name)
        note(conn, args, after={"roles": args.role})
        return len(args.role)

    with open_store() as store:
        _ensure_standard(store)
        n = store.write(add)
    print(f"Added {n} role(s)")


def delete(args: argparse.Namespace) -> None:
    from slipstream.store import role

    if "Admin" in args.role:
        raise UserError("Admin cannot be deleted: nobody could mend that.")

    def remove(conn: Connection) -> None:
        ids = _ids(conn, args.role)
        permissions = role.permissions(conn, list(ids.values()))
        before = {name: [f"{a} on {r}" for a, r in permissions[id]] for name, id in ids.items()}
        for id in ids.values():
            role.delete(conn, id)
        note(conn, args, before=before)

    with open_store() as store:
        store.write(remove)
    print(f"Deleted {len(args.role)} role(s)")


def add_perms(args: argparse.Namespace) -> None:
    from slipstream.store import role

    def add(conn: Connection) -> list[str]:
        ids = _ids(conn, args.role)
        _check_words(args.action, args.resource)
        lines = []
        for name, resource, action in product(args.role, args.resource, args.action):
            if role.add_permissions(conn, ids[name], [(action, resource)]):
                lines.append(f"Added {_words(action, resource)} to role {name}")
        note(conn, args, after={"permissions": lines})
        return lines

    with open_store() as store:
        _ensure_standard(store)
        lines = store.write(add)
    print("\n".join([*lines, f"Added {len(lines)} permission(s)"]))


def del_perms(args: argparse.Namespace) -> None:
    from slipstream.store import role

    if "Admin" in args.role:
        raise UserError("Admin may do everything: nothing can be taken from it.")

    def remove(conn: Connection) -> list[str]:
        ids = _ids(conn, args.role)
        _check_words(args.action or [], args.resource, must_be_known=False)
        has = role.permissions(conn, list(ids.values()))
        lines = []
        for name in args.role:
            for action, resource in has[ids[name]]:
                if resource in args.resource and (not args.action or action in args.action):
                    role.remove_permissions(conn, ids[name], [(action, resource)])
                    lines.append(f"Deleted {_words(action, resource)} from role {name}")
        note(conn, args, before={"permissions": lines})
        return lines

    with open_store() as store:
        lines = store.write(remove)
    print("\n".join([*lines, f"Deleted {len(lines)} permission(s)"]))


def export(args: argparse.Namespace) -> None:
    import json

    from slipstream.api.auth.words import STANDARD
    from slipstream.cli.file import write_text
    from slipstream.store import role

    with open_store() as store, store.read() as conn:
        rows = [row for row in role.list_all(conn) if row.name not in STANDARD]
        permissions = role.permissions(conn, [row.id for row in rows])
    data = [
        {"name": row.name, "resource": resource, "action": ",".join(actions)}
        for row in rows
        for resource, actions in (_by_resource(permissions[row.id]) or {"": [""]}).items()
    ]
    write_text(args.file, json.dumps(data, indent=4 if args.pretty else None) + "\n")
    if args.file != "-":
        print(
            f"{len(rows)} roles with {len(data)} linked permissions successfully exported to "
            f"{args.file}"
        )


def import_roles(args: argparse.Namespace) -> None:
    from slipstream.cli.file import read_list
    from slipstream.store import role

    given: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for number, each in enumerate(read_list(args.file)):
        if not isinstance(each, dict) or not isinstance(each.get("name"), str):
            raise UserError(
                f'{args.file}: item {number} needs "name", and may have "resource" and "action".'
            )
        name, resource = each["name"], str(each.get("resource") or "")
        actions = [a for a in str(each.get("action") or "").split(",") if a]
        if resource and actions:
            _check_words(actions, [resource])
        given[name] |= {(action, resource) for action in actions if resource}

    def save(conn: Connection) -> None:
        for name, permissions in given.items():
            if role.get(conn, name) is None:  # as FAB: those that exist stay as they are
                role.add_permissions(conn, role.create(conn, name).id, permissions)
        note(conn, args, after={"roles": sorted(given)})

    with open_store() as store:
        _ensure_standard(store)
        store.write(save)
    print("roles and permissions successfully imported")


def _by_resource(permissions: list[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for action, resource in permissions:
        found[resource].append(action)
    return dict(found)


def _ids(conn: Connection, names: list[str]) -> dict[str, int]:
    from slipstream.store import role

    found = role.ids(conn, names)
    for name in names:
        if name not in found:
            raise NotFound(f"Role named '{name}' does not exist.")
    return found


def _check_words(actions: list[str], resources: list[str], *, must_be_known: bool = True) -> None:
    from slipstream.api.auth.words import ACTIONS, is_resource

    for action in actions:
        if action not in ACTIONS:
            raise UserError(
                f"Action named '{action}' does not exist: it is one of {', '.join(ACTIONS)}."
            )
    for resource in resources:
        if must_be_known and not is_resource(resource):
            raise UserError(
                f"Resource named '{resource}' does not exist: `roles list -p` shows what Admin has, "
                "and DAG:<id> is one DAG."
            )


def _words(action: str, resource: str) -> str:
    return f"{action.replace('_', ' ')} on {resource}"


def _ensure_standard(store: Store) -> None:
    """Make the standard roles that are missing."""
    from slipstream.api.auth.first import make_standard

    store.write(make_standard)


def _file(**options: Any) -> Any:
    return arg("file", metavar="FILEPATH", help="a JSON file", **options)


_ROLES = arg("role", nargs="+", metavar="ROLE", help="names of roles")
_RESOURCE = arg(
    "-r", "--resource", nargs="+", required=True, help="what it is about: 'DAGs', 'DAG:my_dag', …"
)
_ACTIONS = "can_read, can_create, can_edit, can_delete or menu_access"

COMMANDS = (
    Command(
        "list",
        "List the roles",
        list_roles,
        (arg("-p", "--permission", action="store_true", help="with their permissions"), OUTPUT),
        "roles list -p",
    ),
    Command("create", "Create roles", create, (_ROLES,), "roles create Analyst"),
    Command("delete", "Delete roles", delete, (_ROLES,), "roles delete Analyst"),
    Command(
        "add-perms",
        "Give roles permissions",
        add_perms,
        (_ROLES, arg("-a", "--action", nargs="+", required=True, help=_ACTIONS), _RESOURCE),
        "roles add-perms Analyst -a can_read -r DAG:sales",
    ),
    Command(
        "del-perms",
        "Take permissions from roles",
        del_perms,
        (_ROLES, arg("-a", "--action", nargs="+", help=f"{_ACTIONS} (default: all)"), _RESOURCE),
        "roles del-perms Analyst -a can_read -r DAG:sales",
    ),
    Command(
        "import",
        "Create the roles of a JSON file; those that exist stay as they are",
        import_roles,
        (_file(),),
        "roles import roles.json",
    ),
    Command(
        "export",
        "Write your own roles to a JSON file",
        export,
        (_file(), arg("-p", "--pretty", action="store_true", help="indent it")),
        "roles export roles.json --pretty",
    ),
)
