"""Connections as text: what ``connections export`` writes and ``import`` reads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from slipstream.cli.file import read_mapping, read_pairs
from slipstream.errors import UserError
from slipstream.sdk.connection import Connection
from slipstream.sdk.exceptions import AirflowException
from slipstream.store.connection import NewConnection
from slipstream.store.row import ConnectionRow

_FIELDS = ("conn_type", "description", "login", "password", "host", "port", "schema", "extra")
_FORMS = {".json": "json", ".yaml": "yaml", ".yml": "yaml", ".env": "env", "-": "env"}


def form_of(name: str) -> str:
    """Return json, yaml or env, by a file's ending; raise UserError."""
    path = Path(name)
    # A file called ".env" has no ending in pathlib's eyes.
    form = _FORMS.get(path.suffix.lower() or path.name.lower())
    if form is None:
        raise UserError(f"{name} must end in .json, .yaml or .env, or say which: --file-format.")
    return form


def text_of(connections: Sequence[Connection], form: str, values: str) -> str:
    """Return a file's text; ``values`` is uri or json, for the values of an env file."""
    if form == "env":
        shown = [c.get_uri() if values == "uri" else c.as_json() for c in connections]
        pairs = zip(connections, shown, strict=True)
        return "".join(f"{each.conn_id}={text}\n" for each, text in pairs)
    data = {c.conn_id: {name: getattr(c, name) for name in _FIELDS} for c in connections}
    if form == "yaml":
        import yaml

        return yaml.safe_dump(data, sort_keys=True, allow_unicode=True)
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def read(name: str) -> list[Connection]:
    """Return the connections of a file; raise UserError for what cannot be one."""
    if form_of(name) == "env":
        return [parse(*pair) for pair in read_pairs(name, "CONN_ID=URI")]
    return [_of_entry(name, conn_id, value) for conn_id, value in read_mapping(name).items()]


def parse(conn_id: str, text: str) -> Connection:
    """Return the connection that a URI or a JSON object describes; raise UserError."""
    try:
        if text.lstrip().startswith("{"):
            made = Connection.from_json(text, conn_id)
        else:
            made = Connection.from_uri(text, conn_id)
    except (AirflowException, ValueError) as error:
        raise UserError(f"Connection {conn_id!r} cannot be read: {error}") from error
    if not made.conn_type:
        raise UserError(
            f"Connection {conn_id!r} has no type: write type://login:password@host:port/schema."
        )
    return made


def of_row(row: ConnectionRow) -> Connection:
    """Return a stored connection as DAG files see it."""
    return Connection(conn_id=row.conn_id, **{name: getattr(row, name) for name in _FIELDS})


def new_row(made: Connection) -> NewConnection:
    """Return a connection as the store takes it."""
    fields = {name: getattr(made, name) for name in _FIELDS}
    return NewConnection(conn_id=made.conn_id, **{**fields, "conn_type": made.conn_type or ""})


def _of_entry(name: str, conn_id: str, value: Any) -> Connection:
    if isinstance(value, str):
        return parse(conn_id, value)
    if isinstance(value, dict):
        unknown = value.keys() - {*_FIELDS, "conn_id", "extra_dejson", "uri"}
        if unknown:
            raise UserError(f"{name}: connection {conn_id!r} has no field {sorted(unknown)[0]!r}.")
        fields = {k: v for k, v in value.items() if k != "extra_dejson"}
        fields.setdefault("extra", value.get("extra_dejson"))
        return parse(conn_id, json.dumps({k: v for k, v in fields.items() if v is not None}))
    raise UserError(f"{name}: connection {conn_id!r} must be a URI or an object of fields.")
