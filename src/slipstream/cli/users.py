"""``users``: who may log in."""

from __future__ import annotations

import argparse
import getpass
import sys
from typing import TYPE_CHECKING, Any

from slipstream.cli.command import OUTPUT, Command, arg
from slipstream.cli.output import show
from slipstream.cli.session import note, open_store
from slipstream.errors import NotFound, UserError

if TYPE_CHECKING:
    from slipstream.store import Connection
    from slipstream.store.row import UserRow

_FIELDS = ("username", "email", "firstname", "lastname", "roles")


def list_users(args: argparse.Namespace) -> None:
    from slipstream.store import user

    with open_store() as store, store.read() as conn:
        rows = user.list_all(conn)
        roles = user.roles_of(conn, [row.id for row in rows])
    show(
        [
            {
                "id": row.id,
                "username": row.username,
                "email": row.email,
                "first_name": row.first_name,
                "last_name": row.last_name,
                "roles": roles[row.id],
            }
            for row in rows
        ],
        args.output,
    )


def create(args: argparse.Namespace) -> None:
    from slipstream.api.auth.first import make_standard
    from slipstream.clock import utcnow
    from slipstream.store import user

    with open_store() as store:
        with store.read() as conn:
            if user.get(conn, args.username) is not None:
                print(f"{args.username} already exists in the db")
                return
        store.write(make_standard)
        with store.read() as conn:
            role_id = _role_id(conn, args.role)
        hashed, told = _new_password(args)

        def add(conn: Connection) -> None:
            row = user.create(
                conn,
                username=args.username,
                email=args.email,
                first_name=args.firstname,
                last_name=args.lastname,
                password_hash=hashed,
                role_ids=[role_id],
                now=utcnow(),
            )
            note(conn, args, after=_told(conn, row))

        store.write(add)
    print(f'User "{args.username}" created with role "{args.role}"')
    if told:
        print(f"Password: {told}")


def delete(args: argparse.Namespace) -> None:
    from slipstream.api.auth.login import take_away
    from slipstream.store import user

    def remove(conn: Connection) -> str:
        row = _found(conn, args)
        before = _told(conn, row)
        user.delete(conn, row.id)
        note(conn, args, before=before)
        return row.username

    with open_store() as store:
        name = store.write(remove)
    take_away(name)
    print(f'User "{name}" deleted')


def reset_password(args: argparse.Namespace) -> None:
    from slipstream.clock import utcnow
    from slipstream.store import login, user

    with open_store() as store:
        with store.read() as conn:
            _found(conn, args)
        hashed, told = _new_password(args)

        def change(conn: Connection) -> str:
            row = _found(conn, args)
            user.change(conn, row.id, utcnow(), password_hash=hashed)
            login.end_all(conn, row.id)
            note(conn, args, after={"username": row.username, "password": "changed"})
            return row.username

        name = store.write(change)
    print(f'User "{name}" password reset successfully')
    if told:
        print(f"Password: {told}")


def add_role(args: argparse.Namespace) -> None:
    name = _change_roles(args, add=True)
    print(f'User "{name}" added to role "{args.role}"')


def remove_role(args: argparse.Namespace) -> None:
    name = _change_roles(args, add=False)
    print(f'User "{name}" removed from role "{args.role}"')


def _change_roles(args: argparse.Namespace, *, add: bool) -> str:
    from slipstream.store import role, user

    def change(conn: Connection) -> str:
        row = _found(conn, args)
        _role_id(conn, args.role)
        before = _told(conn, row)
        names = set(before["roles"])
        if add == (args.role in names):
            raise UserError(
                f'User "{row.username}" is {"already" if add else "not"} a member of role '
                f'"{args.role}".'
            )
        names = names | {args.role} if add else names - {args.role}
        user.set_roles(conn, row.id, role.ids(conn, names).values())
        note(conn, args, before=before, after=_told(conn, row))
        return row.username

    with open_store() as store:
        return store.write(change)


def export(args: argparse.Namespace) -> None:
    from slipstream.cli.file import write_json
    from slipstream.store import user

    with open_store() as store, store.read() as conn:
        rows = user.list_all(conn)
        roles = user.roles_of(conn, [row.id for row in rows])
    data = [
        {
            "id": row.id,
            "username": row.username,
            "email": row.email,
            "firstname": row.first_name,
            "lastname": row.last_name,
            "roles": roles[row.id],
        }
        for row in rows
    ]
    write_json(args.export, data)
    if args.export != "-":
        print(f"{len(rows)} users successfully exported to {args.export}.")


def import_users(args: argparse.Namespace) -> None:
    from slipstream.api.auth.first import make_standard
    from slipstream.cli.file import read_list

    given = [_checked(args.file, number, each) for number, each in enumerate(read_list(args.file))]

    def save(conn: Connection) -> tuple[list[str], list[str]]:
        created: list[str] = []
        updated: list[str] = []
        for each in given:
            (created if _import(conn, args, each) else updated).append(each["email"])
        return created, updated

    with open_store() as store:
        store.write(make_standard)
        created, updated = store.write(save)
    for what, emails in (("Created", created), ("Updated", updated)):
        if emails:
            print(f"{what} the following users:")
            for email in emails:
                print(f"\t{email}")


def _checked(file: str, number: int, each: Any) -> dict[str, Any]:
    if not isinstance(each, dict):
        raise UserError(f"{file}: item {number} is not an object.")
    wrong = [
        name
        for name in _FIELDS
        if not isinstance(each.get(name), list if name == "roles" else str) or not each[name]
    ]
    if wrong:
        raise UserError(f"{file}: item {number} needs {', '.join(wrong)}.")
    return each


def _import(conn: Connection, args: argparse.Namespace, given: dict[str, Any]) -> bool:
    """Write a user by their e-mail address; True if there was none. They have no password yet."""
    from slipstream.clock import utcnow
    from slipstream.store import user

    role_ids = [_role_id(conn, str(name)) for name in given["roles"]]
    row = user.get_by_email(conn, given["email"])
    names = {"first_name": given["firstname"], "last_name": given["lastname"]}
    if row is None:
        row = user.create(
            conn,
            username=given["username"],
            email=given["email"],
            password_hash=None,
            role_ids=role_ids,
            now=utcnow(),
            **names,
        )
        note(conn, args, after=_told(conn, row))
        return True
    if row.username != given["username"]:
        raise UserError(
            f"The user with the e-mail address {row.email!r} is {row.username!r}, not "
            f"{given['username']!r}: a user name cannot be changed by an import."
        )
    before = _told(conn, row)
    user.change(conn, row.id, utcnow(), **names)
    user.set_roles(conn, row.id, role_ids)
    changed = user.get_by_id(conn, row.id)
    assert changed is not None
    note(conn, args, before=before, after=_told(conn, changed))
    return False


def _found(conn: Connection, args: argparse.Namespace) -> UserRow:
    from slipstream.store import user

    if bool(args.username) == bool(args.email):
        raise UserError("Say which user: either --username or --email.")
    row = user.get(conn, args.username) if args.username else user.get_by_email(conn, args.email)
    if row is None:
        raise NotFound(f'User "{args.username or args.email}" does not exist.')
    return row


def _role_id(conn: Connection, name: str) -> int:
    from slipstream.store import role

    row = role.get(conn, name)
    if row is None:
        known = ", ".join(each.name for each in role.list_all(conn))
        raise UserError(f"{name} is not a valid role. Valid roles are: {known}.")
    return row.id


def _told(conn: Connection, row: UserRow) -> dict[str, Any]:
    from slipstream.store import user

    return {
        "username": row.username,
        "email": row.email,
        "first_name": row.first_name,
        "last_name": row.last_name,
        "roles": user.roles_of(conn, [row.id])[row.id],
    }


def _new_password(args: argparse.Namespace) -> tuple[str, str | None]:
    """Return the hash of a password that is given, typed or generated; and it, if generated."""
    from slipstream.api.auth import password

    if args.use_random_password:
        text = password.generate()
        return password.hashed(text), text
    if args.password:
        return password.hashed(args.password), None
    if not sys.stdin.isatty():
        raise UserError(
            "Say --password or --use-random-password: there is no terminal to ask for one."
        )
    text = getpass.getpass("Password:")
    if text != getpass.getpass("Repeat for confirmation:"):
        raise UserError("Passwords did not match.")
    return password.hashed(text), None


_WHO = (
    arg("-u", "--username", help="the user's name"),
    arg("-e", "--email", help="the user's e-mail address, instead"),
)
_ROLE = arg("-r", "--role", required=True, help="the role's name")
_PASSWORD = (
    arg("-p", "--password", help="the password; without it, it is asked for"),
    arg("--use-random-password", action="store_true", help="generate one and print it"),
)

COMMANDS = (
    Command("list", "List the users", list_users, (OUTPUT,), "users list"),
    Command(
        "create",
        "Create a user",
        create,
        (
            arg("-u", "--username", required=True, help="name to log in with"),
            arg("-e", "--email", required=True, help="e-mail address"),
            arg("-f", "--firstname", required=True, help="first name"),
            arg("-l", "--lastname", required=True, help="last name"),
            arg("-r", "--role", required=True, help="Admin, Op, User, Viewer, Public or your own"),
            *_PASSWORD,
        ),
        "users create -u ann -f Ann -l Lee -e ann@example.org -r Viewer --use-random-password",
    ),
    Command("delete", "Delete a user", delete, _WHO, "users delete -u ann"),
    Command(
        "add-role",
        "Put a user into a role",
        add_role,
        (*_WHO, _ROLE),
        "users add-role -u ann -r Op",
    ),
    Command(
        "remove-role",
        "Take a user out of a role",
        remove_role,
        (*_WHO, _ROLE),
        "users remove-role -u ann -r Op",
    ),
    Command(
        "reset-password",
        "Set a user's password, and end all of their logins",
        reset_password,
        (*_WHO, *_PASSWORD),
        "users reset-password -u admin --use-random-password",
    ),
    Command(
        "import",
        "Create and change users from a JSON file, without passwords",
        import_users,
        (arg("file", metavar="FILEPATH", help="a JSON file"),),
        "users import users.json",
    ),
    Command(
        "export",
        "Write all users to a JSON file, without passwords",
        export,
        (arg("export", metavar="FILEPATH", help="a JSON file"),),
        "users export users.json",
    ),
)
