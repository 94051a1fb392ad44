"""The home that the DAG processor's tests work on."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.engine.dagprocessor.home import Home

from slipstream.config import conf
from slipstream.store import Store, migrate


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database to copy: migrating takes longer than most of the tests."""
    path = tmp_path_factory.mktemp("migrated") / "airflow.db"
    with Store.open(f"sqlite:///{path}") as store:
        migrate.upgrade(store)
    return path


@pytest.fixture
def home(migrated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.setenv("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
    conf.reload()
    (tmp_path / "dags").mkdir()
    shutil.copy(migrated, tmp_path / "airflow.db")
    with Store.open(f"sqlite:///{tmp_path}/airflow.db") as store:
        yield Home(tmp_path, store)
    conf.reload()
