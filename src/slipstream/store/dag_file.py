"""DAG files as last parsed: what tells the DAG processor which files it need not parse again."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, select
from sqlalchemy import delete as sql_delete

from slipstream.store.codec import digest
from slipstream.store.row import DAG_FILE, DagFileRow
from slipstream.store.schema import dag_file


def list_all(conn: Connection, bundle_name: str | None = None) -> list[DagFileRow]:
    """Return the files of one bundle, or of all, by path."""
    query = select(*DAG_FILE.columns)
    if bundle_name is not None:
        query = query.where(dag_file.c.bundle_name == bundle_name)
    return DAG_FILE.all(
        conn.execute(query.order_by(dag_file.c.bundle_name, dag_file.c.relative_fileloc))
    )


def get(conn: Connection, bundle_name: str, relative_fileloc: str) -> DagFileRow | None:
    """Return what is known of one file."""
    return DAG_FILE.first(
        conn.execute(
            select(*DAG_FILE.columns).where(
                dag_file.c.bundle_name == bundle_name,
                dag_file.c.path_hash == digest(relative_fileloc),
            )
        )
    )


def delete(conn: Connection, bundle_name: str, relative_filelocs: Iterable[str]) -> None:
    """Forget files, so that they are parsed anew or, when they are gone, known no more."""
    hashes = [digest(path) for path in relative_filelocs]
    for at in range(0, len(hashes), 500):
        conn.execute(
            sql_delete(dag_file).where(
                dag_file.c.bundle_name == bundle_name,
                dag_file.c.path_hash.in_(hashes[at : at + 500]),
            )
        )
