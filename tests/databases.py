"""Scratch databases for tests: one per database server and test process, emptied between tests.

``store_url`` runs a test on all three databases, ``store`` opens it, ``fresh_url`` is a database
without any tables. A server that is not there skips its tests, or fails them when CI is set. Say
where the servers are with SLIPSTREAM_TEST_POSTGRESQL and SLIPSTREAM_TEST_MYSQL (URLs of a user
who may create databases).
"""

from __future__ import annotations

import getpass
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import create_engine, delete, insert, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import OperationalError

from slipstream.store import Connection, Store, migrate, schema
from slipstream.store.url import resolve

DATABASES = (
    "sqlite",
    pytest.param("postgresql", marks=pytest.mark.postgres),
    pytest.param("mysql", marks=pytest.mark.mysql),
)


def _candidates(dialect: str) -> list[str]:
    given = os.environ.get(f"SLIPSTREAM_TEST_{dialect.upper()}")
    if given:
        return [given]
    user = getpass.getuser()
    if dialect == "postgresql":
        return [
            f"postgresql://{user}@127.0.0.1:5432/postgres",
            "postgresql:///postgres?host=/var/run/postgresql",
            "postgresql://postgres:postgres@127.0.0.1:5432/postgres",
        ]
    return ["mysql://root@127.0.0.1:3306/mysql", f"mysql://{user}@127.0.0.1:3306/mysql"]


@dataclass
class Server:
    """A database server: makes databases of their own for tests, and drops them."""

    dialect: str
    admin: URL
    made: list[str] = field(default_factory=list)

    @classmethod
    def find(cls, dialect: str) -> Server:
        reasons = []
        for candidate in _candidates(dialect):
            admin = resolve(candidate)
            engine = create_engine(admin)
            try:
                engine.connect().close()
            except OperationalError as error:
                reasons.append(str(error.orig))
                continue
            finally:
                engine.dispose()
            return cls(dialect, admin)
        why = f"no {dialect} server: {reasons[-1]}"
        if os.environ.get("CI"):
            pytest.fail(why, pytrace=False)
        pytest.skip(why)

    def create(self) -> str:
        name = f"slipstream_test_{os.getpid()}_{uuid.uuid4().hex[:8]}"
        self._execute(f"CREATE DATABASE {name}")
        self.made.append(name)
        return self.admin.set(database=name).render_as_string(hide_password=False)

    def drop_all(self) -> None:
        for name in self.made:
            force = " WITH (FORCE)" if self.dialect == "postgresql" else ""
            self._execute(f"DROP DATABASE IF EXISTS {name}{force}")
        self.made.clear()

    def _execute(self, statement: str) -> None:
        engine = create_engine(self.admin, isolation_level="AUTOCOMMIT")
        try:
            with engine.connect() as conn:
                conn.execute(text(statement))
        finally:
            engine.dispose()


@pytest.fixture(scope="session")
def database_server() -> Iterator[Callable[[str], Server]]:
    """Return a function from a dialect to its server, found on first use."""
    found: dict[str, Server] = {}

    def server(dialect: str) -> Server:
        if dialect not in found:
            found[dialect] = Server.find(dialect)
        return found[dialect]

    yield server
    for each in found.values():
        each.drop_all()


@pytest.fixture(scope="session")
def migrated_database(
    database_server: Callable[[str], Server], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], str]:
    """Return a function from a dialect to the URL of this process's migrated database."""
    urls: dict[str, str] = {}

    def migrated(dialect: str) -> str:
        if dialect not in urls:
            if dialect == "sqlite":
                url = f"sqlite:///{tmp_path_factory.mktemp('template')}/airflow.db"
            else:
                url = database_server(dialect).create()
            with Store.open(url) as store:
                migrate.upgrade(store)
            urls[dialect] = url
        return urls[dialect]

    return migrated


@pytest.fixture(params=DATABASES)
def dialect(request: pytest.FixtureRequest) -> str:
    """The database that the test runs on."""
    return str(request.param)


@pytest.fixture
def store_url(
    dialect: str,
    migrated_database: Callable[[str], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> str:
    """Return the URL of a migrated database with nothing but the default pool in it."""
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "home"))
    url = migrated_database(dialect)
    if dialect == "sqlite":
        path = tmp_path / "airflow.db"
        shutil.copyfile(make_url(url).database or "", path)
        return f"sqlite:///{path}"
    with Store.open(url) as store:
        store.write(_empty)
    return url


def _empty(conn: Connection) -> None:
    for table in reversed(schema.metadata.sorted_tables):
        conn.execute(delete(table))
    conn.execute(
        insert(schema.pool).values(
            name="default_pool", slots=128, description="Default pool", include_deferred=False
        )
    )


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """Open the database of ``store_url``."""
    with Store.open(store_url) as opened:
        yield opened


@pytest.fixture
def fresh_url(
    dialect: str,
    database_server: Callable[[str], Server],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> str:
    """Return the URL of a database without tables; on SQLite, of a file that does not exist."""
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "home"))
    if dialect == "sqlite":
        return f"sqlite:///{tmp_path}/fresh.db"
    return database_server(dialect).create()


__all__ = [
    "DATABASES",
    "Server",
    "database_server",
    "dialect",
    "fresh_url",
    "migrated_database",
    "store",
    "store_url",
]
