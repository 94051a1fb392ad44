from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.engine.worker.rig import Rig
from tests.executors.remote import ApiServer, RemoteLocalExecutor

from slipstream.config import conf
from slipstream.store import Store, migrate


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite database, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "airflow.db"
    with Store.open(f"sqlite:///{path}") as store:
        migrate.upgrade(store)
    return path


@pytest.fixture
def home(tmp_path: Path, migrated: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An AIRFLOW_HOME with a database and a DAGs folder."""
    shutil.copy(migrated, tmp_path / "airflow.db")
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.setenv("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
    monkeypatch.setenv("AIRFLOW__CORE__PARALLELISM", "4")
    monkeypatch.setenv("AIRFLOW__CORE__KILLED_TASK_CLEANUP_TIME", "1")
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", f"sqlite:///{tmp_path}/airflow.db")
    (tmp_path / "dags").mkdir()
    conf.reload()
    yield tmp_path
    conf.reload()


@pytest.fixture(params=["direct", "http"])
def idle_rig(request: pytest.FixtureRequest, home: Path) -> Iterator[Rig]:
    """A rig whose executor is not started yet; its host has the database or an API server."""
    with Store.open() as store, contextlib.ExitStack() as stack:
        if request.param == "direct":
            rig = Rig(home, store)
        else:
            server = ApiServer()
            stack.callback(server.kill)
            server.start()
            rig = Rig(home, store, RemoteLocalExecutor(server.url))
            rig.api_server = server
        yield rig
        rig.executor.stop(3.0)


@pytest.fixture
def rig(idle_rig: Rig) -> Rig:
    idle_rig.start()
    return idle_rig
