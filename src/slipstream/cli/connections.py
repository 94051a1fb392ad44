"""``connections``: how to reach other systems."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from slipstream.cli.command import OUTPUT, Command, arg
from slipstream.cli.output import show
from slipstream.cli.session import Look, open_store
from slipstream.errors import NotFound, UserError

if TYPE_CHECKING:
    from slipstream.sdk.connection import Connection
    from slipstream.store import Connection as DatabaseConnection

_FIELDS = ("conn_type", "description", "host", "login", "password", "schema", "port", "extra")


def list_connections(args: argparse.Namespace) -> None:
    from slipstream.cli.connection_file import of_row
    from slipstream.store import connection

    with open_store() as store, store.read() as conn:
        rows = connection.list_all(conn, args.conn_id)
    if args.show_values and not args.hide_sensitive:
        show([_record(of_row(row)) for row in rows], args.output)
    else:
        show([{"conn_id": row.conn_id, "conn_type": row.conn_type} for row in rows], args.output)


def get(args: argparse.Namespace) -> None:
    from slipstream.cli.store_api import answering

    with open_store() as store, answering(store):
        found = _found(args.conn_id)
    show([_record(found)], args.output)


def add(args: argparse.Namespace) -> None:
    from slipstream.cli.connection_file import new_row
    from slipstream.store import connection

    made = _given(args)
    if not made.conn_type:
        raise UserError(
            "Say what kind of connection it is: --conn-type, --conn-uri or --conn-json."
        )

    def save(conn: DatabaseConnection) -> None:
        if connection.get(conn, args.conn_id) is not None:
            raise UserError(
                f"A connection with conn_id={args.conn_id} exists already: delete it first."
            )
        connection.upsert(conn, new_row(made))

    with open_store(record=args, look=_look(args.conn_id)) as store:
        store.write(save)
    print(f"Successfully added `conn_id`={args.conn_id}")


def delete(args: argparse.Namespace) -> None:
    from slipstream.store import connection

    with open_store(record=args, look=_look(args.conn_id)) as store:
        if not store.write(connection.delete, args.conn_id):
            raise NotFound(f"There is no connection {args.conn_id!r}.")
    print(f"Deleted connection {args.conn_id}")


def _look(conn_id: str) -> Look:
    """Return what the audit log keeps of a connection: no secrets."""
    from slipstream.store import connection

    def look(conn: DatabaseConnection) -> dict[str, Any] | None:
        row = connection.get(conn, conn_id)
        names = ("conn_id", "conn_type", "description", "host", "schema", "login", "port")
        return row and {name: getattr(row, name) for name in names}

    return look


def export(args: argparse.Namespace) -> None:
    from slipstream.cli.connection_file import form_of, of_row, text_of
    from slipstream.cli.file import write_text
    from slipstream.store import connection

    form = args.file_format or args.format or form_of(args.file)
    with open_store() as store, store.read() as conn:
        found = [of_row(row) for row in connection.list_all(conn)]
    write_text(args.file, text_of(found, form, args.serialization_format))
    if args.file != "-":
        print(f"{len(found)} Connections successfully exported to {args.file}.")


def import_connections(args: argparse.Namespace) -> None:
    from slipstream.cli.connection_file import new_row, read
    from slipstream.store import connection

    given = read(args.file)

    def save(conn: DatabaseConnection) -> list[str]:
        kept = []
        for each in given:
            if not args.overwrite and connection.get(conn, each.conn_id) is not None:
                kept.append(each.conn_id)
            else:
                connection.upsert(conn, new_row(each))
        return kept

    with open_store(record=args) as store:
        kept = store.write(save)
    for each in given:
        if each.conn_id in kept:
            print(f"Left connection {each.conn_id} as it is: use --overwrite to replace it.")
        else:
            print(f"Imported connection {each.conn_id}")


def create_defaults(args: argparse.Namespace) -> None:
    from slipstream.command import create_default_connections

    with open_store(record=args) as store:
        n_created, n_known = store.write(create_default_connections)
    print(f"Created {n_created} connections; {n_known} were there.")


def test(args: argparse.Namespace) -> int:
    """Have the connection's hook try it; needs ``[core] test_connection``, as in Airflow."""
    from slipstream.cli.store_api import answering
    from slipstream.config import conf

    if conf.get("core", "test_connection") != "Enabled":
        raise UserError(
            "Testing connections is off: set AIRFLOW__CORE__TEST_CONNECTION=Enabled to allow it."
        )
    with open_store() as store, answering(store):  # the hook looks the connection up again
        ok, message = _found(args.conn_id).test_connection()
    print(f"{'Connection success!' if ok else 'Connection failed!'} {message}")
    return 0 if ok else 1


def _found(conn_id: str) -> Connection:
    """Return the connection that a task would get: from a backend, the environment, the store."""
    from slipstream.sdk import secrets

    found: Connection | None = secrets.get_connection(conn_id)
    if found is None:
        raise NotFound(f"There is no connection with conn_id={conn_id}.")
    return found


def _given(args: argparse.Namespace) -> Connection:
    """Return the connection that the arguments describe, in one of three ways."""
    from slipstream.cli.connection_file import parse
    from slipstream.sdk.connection import Connection

    fields = {name: getattr(args, f"conn_{name.removeprefix('conn_')}") for name in _FIELDS}
    given = sorted(
        f"--conn-{name.removeprefix('conn_')}" for name, value in fields.items() if value
    )
    for flag, text in (("--conn-uri", args.conn_uri), ("--conn-json", args.conn_json)):
        if text:
            others = [other for other in given if other != "--conn-description"]
            if others or (args.conn_uri and args.conn_json):
                raise UserError(
                    f"{flag} says it all: leave out {', '.join(others) or 'the other'}."
                )
            made = parse(args.conn_id, text)
            made.description = args.conn_description or made.description
            return made
    if args.conn_extra:
        try:
            json.loads(args.conn_extra)
        except ValueError as error:
            raise UserError(f"--conn-extra is not valid JSON: {error}.") from error
    return Connection(conn_id=args.conn_id, **fields)


def _record(each: Connection) -> dict[str, Any]:
    return {
        "conn_id": each.conn_id,
        "conn_type": each.conn_type,
        "description": each.description,
        "host": each.host,
        "schema": each.schema,
        "login": each.login,
        "password": each.password,
        "port": each.port,
        "extra_dejson": each.extra_dejson,
        "get_uri": each.get_uri(),
    }


_ID = arg("conn_id", metavar="CONN_ID", help="id of the connection")

COMMANDS = (
    Command(
        "list",
        "List the connections",
        list_connections,
        (
            OUTPUT,
            arg("--conn-id", help="only this one"),
            arg("--show-values", action="store_true", help="show everything, passwords too"),
            arg(
                "--hide-sensitive",
                action="store_true",
                help="(default) show no values; comes before --show-values",
            ),
        ),
        "connections list",
    ),
    Command(
        "get",
        "Show a connection, its password too",
        get,
        (_ID, OUTPUT, arg("--color", choices=("on", "off", "auto"), help=argparse.SUPPRESS)),
        "connections get warehouse -o yaml",
    ),
    Command(
        "add",
        "Create a connection",
        add,
        (
            _ID,
            arg("--conn-uri", metavar="URI", help="all of it as a URI"),
            arg("--conn-json", metavar="JSON", help="all of it as a JSON object"),
            arg("--conn-type", help="postgres, http, aws, …"),
            arg("--conn-description"),
            arg("--conn-host"),
            arg("--conn-login"),
            arg("--conn-password"),
            arg("--conn-schema"),
            arg("--conn-port", type=int),
            arg("--conn-extra", metavar="JSON"),
        ),
        "connections add warehouse --conn-uri 'postgres://me:secret@db.example.org:5432/sales'",
    ),
    Command(
        "delete",
        "Delete a connection",
        delete,
        (_ID, arg("--color", choices=("on", "off", "auto"), help=argparse.SUPPRESS)),
        "connections delete warehouse",
    ),
    Command(
        "export",
        "Write all connections to a file",
        export,
        (
            arg("file", metavar="FILE", help="a .json, .yaml or .env file, - for standard output"),
            arg("--file-format", choices=("json", "yaml", "env"), help="(default: by its ending)"),
            arg("--format", choices=("json", "yaml", "env"), help=argparse.SUPPRESS),
            arg(
                "--serialization-format",
                choices=("json", "uri"),
                default="uri",
                help="form of the values in an env file (default: uri)",
            ),
        ),
        "connections export connections.json",
    ),
    Command(
        "import",
        "Create connections from a file",
        import_connections,
        (
            arg("file", metavar="FILE", help="a .json, .yaml or .env file"),
            arg("--overwrite", action="store_true", help="replace those that exist"),
        ),
        "connections import connections.yaml --overwrite",
    ),
    Command("test", "Try a connection", test, (_ID,), "connections test warehouse"),
    Command(
        "create-default-connections",
        "Create the connections that providers' hooks use by default",
        create_defaults,
        (),
        "connections create-default-connections",
    ),
)
