"""The schema's version: upgrade, look, check and reset, without an alembic.ini.

Alembic (a quarter of a second and 10 MB) is imported only to change the schema, never to look.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError

from slipstream import __version__
from slipstream.config import conf
from slipstream.errors import UserError
from slipstream.store import dialect, schema
from slipstream.store.engine import Store

if TYPE_CHECKING:
    from alembic.config import Config

LOCK_TIMEOUT_S = 300.0
_VERSION_TABLE = "alembic_version"


def revisions() -> list[str]:
    """Return all revisions that this version of the code knows, oldest first."""
    names = os.listdir(os.path.join(os.path.dirname(__file__), "migration", "versions"))
    return sorted(name.partition("_")[0] for name in names if name[:4].isdigit())


def head() -> str:
    """Return the revision that this version of the code needs."""
    return revisions()[-1]


def ping(store: Store) -> None:
    """Raise StoreUnavailable, with the reason in one line, unless the database answers."""
    with store.read() as conn:
        conn.execute(text("SELECT 1"))


def current(store: Store) -> str | None:
    """Return the database's revision; None: it has no schema of ours yet."""
    with store.read() as conn:
        return _current(conn)


def _current(conn: Connection) -> str | None:
    if not inspect(conn).has_table(_VERSION_TABLE):
        return None
    return conn.execute(text(f"SELECT version_num FROM {_VERSION_TABLE}")).scalar()


def check(store: Store) -> None:
    """Raise UserError, with what to do, unless the schema is the one that this version needs."""
    _check_revision(store.url, current(store), wanted=head())


def _check_revision(url: str, found: str | None, wanted: str | None) -> None:
    known = revisions()
    if found is None or found in known:
        if wanted is None or found == wanted:
            return
        state = "has no tables yet" if found is None else f"has schema {found}, older than {wanted}"
        raise UserError(f"The database {url} {state}: run `slipstream db migrate`.")
    if found.isdigit() and len(found) == 4:
        raise UserError(
            f"The database {url} has schema {found}, newer than this version of Slipstream knows "
            f"({known[-1]}): upgrade Slipstream, or restore a backup made with this version."
        )
    raise UserError(
        f"The database {url} belongs to another program (schema revision {found!r}, Apache "
        "Airflow's?): give Slipstream a database of its own in [database] sql_alchemy_conn."
    )


def upgrade(store: Store, target: str = "head") -> str:
    """Bring the schema to ``target``, create it where there is none; return the revision.

    Processes that upgrade at once wait for each other. Raises UserError for a database that is
    another program's, or newer than this code.
    """
    if store.dialect == "sqlite":
        _create_file(store)
    with _locked(store, "migrate") as conn:
        found = _current(conn)
        _check_revision(store.url, found, wanted=None)
        if found != (head() if target == "head" else target):
            from alembic import command  # not for those who waited for another's upgrade

            command.upgrade(_config(conn), target)
            if found is None:
                _size_default_pool(conn)
    return current(store) or ""


def _size_default_pool(conn: Connection) -> None:
    slots = conf.getint("core", "default_pool_task_slot_count", fallback=128)
    table = schema.pool
    conn.execute(table.update().where(table.c.name == "default_pool").values(slots=slots))


def downgrade(store: Store, target: str) -> str:
    """Take the schema back to an earlier revision, with the data that only later ones have.

    Raises UserError for a revision that is unknown or later than the database's.
    """
    target = revision(target)
    with _locked(store, "downgrade") as conn:
        found = _current(conn)
        _check_revision(store.url, found, wanted=None)
        if found is None or found < target:
            raise UserError(f"The database {store.url} has schema {found}, not a later one.")
        if found != target:
            from alembic import command

            command.downgrade(_config(conn), target)
    return current(store) or ""


def revision(name: str) -> str:
    """Return a revision of ours by its name, ``head`` or a version of Slipstream; raise UserError."""
    if name in ("head", __version__):
        return head()
    if name in revisions():
        return name
    raise UserError(
        f"There is no schema {name!r}: the revisions are {', '.join(revisions())}, and version "
        f"{__version__} of Slipstream has {head()}."
    )


def print_sql(store: Store, start: str | None, target: str, *, down: bool = False) -> None:
    """Print the statements that lead from one revision to another; change nothing.

    ``start`` is the database's own revision unless given; ``base`` for none.
    """
    from alembic import command

    config = _config(None)
    config.attributes["dialect"] = store.dialect
    begin = current(store) or "base" if start is None else start
    if begin == target:
        raise UserError(f"The schema is {target} already: there is nothing to do.")
    act = command.downgrade if down else command.upgrade
    act(config, f"{begin}:{target}", sql=True)


def reset(store: Store) -> None:
    """Drop all tables of ours; ``upgrade`` builds them anew. Every run, DAG and setting is lost."""
    if store.dialect == "sqlite":
        _create_file(store)
    with _locked(store, "reset") as conn:
        _check_revision(store.url, _current(conn), wanted=None)
        schema.metadata.drop_all(conn)
        conn.execute(text(f"DROP TABLE IF EXISTS {_VERSION_TABLE}"))


@contextmanager
def _locked(store: Store, doing: str) -> Iterator[Connection]:
    """Yield a connection that alone may change the schema; what goes wrong is a UserError."""
    try:
        with store.engine.connect() as conn, dialect.of(conn).migration_lock(conn, LOCK_TIMEOUT_S):
            yield conn
    except (TimeoutError, DBAPIError) as error:
        raise UserError(f"Cannot {doing} the database {store.url}: {_reason(error)}") from error


def _create_file(store: Store) -> None:
    path = Path(store.raw_url.database or "")
    try:
        if path.parent == conf.home:
            path.parent.mkdir(parents=True, exist_ok=True)
        elif not path.parent.is_dir():  # most likely a slip of the pen
            raise UserError(
                f"There is no folder {path.parent} for the database {store.url}: create it, or "
                "correct [database] sql_alchemy_conn."
            )
        path.touch(mode=0o640, exist_ok=True)
    except OSError as error:
        raise UserError(f"Cannot create the database file {path}: {error.strerror}.") from error


def _config(conn: Connection | None) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migration"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = conn
    return config


def _reason(error: Exception) -> str:
    original = error.orig if isinstance(error, DBAPIError) else error
    return " ".join(str(original).split())
