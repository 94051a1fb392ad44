"""Fixtures of the API's tests: a server on SQLite with a DAG that has run."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url
from tests.api.build import fill
from tests.api.running import Api, running
from tests.databases import _empty as empty

from slipstream.store import Store

USERS = "admin:admin,vera:viewer,uma:user,olaf:op"


@pytest.fixture
def dialect() -> str:
    """What is tested here does not depend on the database; ``test_listing`` has all three."""
    return "sqlite"


@pytest.fixture
def api(store: Store, home: Path) -> Iterator[Api]:
    """A client of the admin of an empty server."""
    with running(store) as client:
        yield client


@pytest.fixture
def filled(store: Store, home: Path) -> Iterator[Api]:
    """A client of the admin of a server with DAGs and runs (see ``build.fill``)."""
    fill(store)
    with running(store) as client:
        yield client


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS", USERS)
    return tmp_path / "home"


@pytest.fixture(scope="module")
def shared_dialect() -> str:
    """The database of ``shared``; a module may override it."""
    return "sqlite"


@pytest.fixture(scope="module")
def shared(
    shared_dialect: str,
    migrated_database: Callable[[str], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Api]:
    """Like ``filled``, one for the tests of a module that change nothing."""
    folder = tmp_path_factory.mktemp("shared")
    url = migrated_database(shared_dialect)
    if shared_dialect == "sqlite":
        shutil.copyfile(make_url(url).database or "", folder / "a.db")
        url = f"sqlite:///{folder}/a.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW_HOME", str(folder / "home"))
        patch.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS", USERS)
        with Store.open(url) as store:
            store.write(empty)
            fill(store)
            with running(store) as client:
                yield client
