"""Import errors: one per file that is no good. ``dag.upsert_file`` writes those of parses."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, func, select
from sqlalchemy import delete as sql_delete

from slipstream.store import change, dialect
from slipstream.store.codec import digest, safe_text
from slipstream.store.row import IMPORT_ERROR, ImportErrorRow
from slipstream.store.schema import import_error

_SELECT = select(*IMPORT_ERROR.columns)


def list_all(conn: Connection, bundle_name: str | None = None) -> list[ImportErrorRow]:
    """Return the import errors of one bundle, or of all, by file name."""
    query = _SELECT
    if bundle_name is not None:
        query = query.where(import_error.c.bundle_name == bundle_name)
    return IMPORT_ERROR.all(conn.execute(query.order_by(import_error.c.filename)))


def get(conn: Connection, id: int) -> ImportErrorRow | None:
    """Return an import error."""
    return IMPORT_ERROR.first(conn.execute(_SELECT.where(import_error.c.id == id)))


def of_file(conn: Connection, bundle_name: str, relative_fileloc: str) -> ImportErrorRow | None:
    """Return the import error of a file, if it has one."""
    return IMPORT_ERROR.first(
        conn.execute(
            _SELECT.where(
                import_error.c.bundle_name == bundle_name,
                import_error.c.path_hash == digest(relative_fileloc),
            )
        )
    )


def put(
    conn: Connection,
    bundle_name: str,
    relative_fileloc: str,
    stacktrace: str,
    now: datetime,
    *,
    line: int | None = None,
) -> None:
    """Write the error of a file, in place of the one that it had."""
    row = {
        "bundle_name": bundle_name,
        "path_hash": digest(relative_fileloc),
        "filename": relative_fileloc,
        "line": line,
        "stacktrace": safe_text(stacktrace),
        "timestamp": now,
    }
    told = ("filename", "line", "stacktrace", "timestamp")
    keys = ("bundle_name", "path_hash")
    conn.execute(dialect.of(conn).upsert(import_error, keys, told), [row])
    change.note(conn, "import_errors")


def count(conn: Connection) -> int:
    """Return how many files cannot be imported."""
    return int(conn.execute(select(func.count()).select_from(import_error)).scalar_one())


def delete(conn: Connection, bundle_name: str, relative_filelocs: Iterable[str]) -> None:
    """Forget the errors of files that are gone."""
    hashes = [digest(path) for path in relative_filelocs]
    for at in range(0, len(hashes), 500):
        conn.execute(
            sql_delete(import_error).where(
                import_error.c.bundle_name == bundle_name,
                import_error.c.path_hash.in_(hashes[at : at + 500]),
            )
        )
    if hashes:
        change.note(conn, "import_errors")
