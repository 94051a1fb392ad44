"""The connections that Airflow gives a new installation: what providers' hooks use by default."""

from __future__ import annotations

import json
from pathlib import Path

from slipstream.store import Connection, connection
from slipstream.store.connection import NewConnection


def create_default_connections(conn: Connection) -> tuple[int, int]:
    """Create those that are missing; return how many those were, and how many were there."""
    path = Path(__file__).with_name("default_connections.json")
    given = json.loads(path.read_text(encoding="utf-8"))
    known = {row.conn_id for row in connection.list_all(conn)} & given.keys()
    for conn_id in given.keys() - known:
        connection.upsert(conn, NewConnection(conn_id=conn_id, **given[conn_id]))
    return len(given) - len(known), len(known)
