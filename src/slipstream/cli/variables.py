"""``variables``: values by key, for DAG files."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from slipstream.cli.command import OUTPUT, Command, arg
from slipstream.cli.output import show
from slipstream.cli.session import Look, open_store
from slipstream.errors import NotFound, UserError

if TYPE_CHECKING:
    from slipstream.store import Connection


def list_variables(args: argparse.Namespace) -> None:
    from slipstream.store import variable

    with open_store() as store, store.read() as conn:
        rows = variable.list_all(conn)
    if args.show_values and not args.hide_sensitive:
        show([{"key": row.key, "val": row.value} for row in rows], args.output)
    else:
        show([{"key": row.key} for row in rows], args.output)


def get(args: argparse.Namespace) -> None:
    """Print what a task would get: from a secrets backend, the environment, the store."""
    from slipstream.cli.store_api import answering
    from slipstream.sdk import secrets

    with open_store() as store, answering(store):
        text = secrets.get_variable(args.key)
    if text is None and args.default is None:
        raise NotFound(f"Variable {args.key} does not exist.")
    if text is None:
        print(args.default)
    else:
        print(_deserialized(args.key, text) if args.json else text)


def set_variable(args: argparse.Namespace) -> None:
    from slipstream.store import variable

    text = json.dumps(_deserialized(args.key, args.value), indent=2) if args.json else args.value
    with open_store(record=args, look=_look(args.key)) as store:
        store.write(variable.set, args.key, text, args.description)
    print(f"Variable {args.key} created")


def delete(args: argparse.Namespace) -> None:
    from slipstream.store import variable

    with open_store(record=args, look=_look(args.key)) as store:
        if not store.write(variable.delete, args.key):
            raise NotFound(f"Variable {args.key} does not exist.")
    print(f"Variable {args.key} deleted")


def _look(key: str) -> Look:
    """Return what the audit log keeps of a variable: never the value."""
    from slipstream.store import variable

    def look(conn: Connection) -> dict[str, Any] | None:
        row = variable.get(conn, key)
        return row and {"key": key, "description": row.description, "value": "***"}

    return look


def export(args: argparse.Namespace) -> None:
    from slipstream.cli.file import write_json
    from slipstream.store import variable

    with open_store() as store, store.read() as conn:
        rows = variable.list_all(conn)
    write_json(args.file, {row.key: _value_or_text(row.value) for row in rows})
    if args.file != "-":
        print(f"{len(rows)} Variables successfully exported to {args.file}.")


def import_variables(args: argparse.Namespace) -> None:
    from slipstream.cli.file import read_mapping, read_pairs
    from slipstream.store import variable

    is_env = args.file.lower().endswith(".env")
    given = dict(read_pairs(args.file, "KEY=VALUE")) if is_env else read_mapping(args.file)

    def save(conn: Connection) -> list[str]:
        known = {row.key for row in variable.list_all(conn)} & given.keys()
        if known and args.action_on_existing_key == "fail":
            raise UserError(f"Already there: {', '.join(sorted(known))}. Nothing was imported.")
        skipped = known if args.action_on_existing_key == "skip" else set()
        for key, value in given.items():
            if key not in skipped:
                variable.set(conn, key, *_text_and_description(value))
        return sorted(skipped)

    with open_store(record=args) as store:
        skipped = store.write(save)
    print(f"Set {len(given) - len(skipped)} of {len(given)} variables.")
    if skipped:
        print(f"Skipped, because they exist already: {', '.join(skipped)}")


def _deserialized(key: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise UserError(f"Variable {key}: the value is not valid JSON: {error}.") from error


def _value_or_text(text: str | None) -> Any:
    """Return what a value's JSON says, so that an export is readable; other values as they are."""
    try:
        return json.loads(text or "")
    except ValueError:
        return text


def _text_and_description(value: Any) -> tuple[str, str | None]:
    """Take apart an entry of a file: a value, or Airflow's object of value and description."""
    description = None
    if isinstance(value, dict) and value.keys() == {"value", "description"}:
        value, description = value["value"], value["description"]
    return value if isinstance(value, str) else json.dumps(value, indent=2), description


_KEY = arg("key", metavar="KEY", help="the variable's key")
_JSON = arg("-j", "--json", action="store_true", help="the value is JSON")
_FILE = arg("file", metavar="FILEPATH", help="a file, - for standard output")

COMMANDS = (
    Command(
        "list",
        "List the variables' keys",
        list_variables,
        (
            OUTPUT,
            arg("--show-values", action="store_true", help="show values, which may be secret"),
            arg(
                "--hide-sensitive",
                action="store_true",
                help="(default) show no values; comes before --show-values",
            ),
        ),
        "variables list",
    ),
    Command(
        "get",
        "Print a variable's value",
        get,
        (_KEY, arg("-d", "--default", metavar="VALUE", help="if there is none"), _JSON),
        "variables get region",
    ),
    Command(
        "set",
        "Create or change a variable",
        set_variable,
        (
            _KEY,
            arg("value", metavar="VALUE"),
            arg("--description", help="what the variable is for"),
            _JSON,
        ),
        "variables set region north",
    ),
    Command("delete", "Delete a variable", delete, (_KEY,), "variables delete region"),
    Command(
        "import",
        "Create variables from a JSON, YAML or .env file",
        import_variables,
        (
            arg("file", metavar="FILEPATH", help="an object of keys to values, or KEY=VALUE lines"),
            arg(
                "-a",
                "--action-on-existing-key",
                choices=("overwrite", "fail", "skip"),
                default="overwrite",
                help="(default: overwrite)",
            ),
        ),
        "variables import variables.json --action-on-existing-key skip",
    ),
    Command("export", "Write all variables to a file", export, (_FILE,), "variables export v.json"),
)
