from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.engine.worker.rig import Rig

from slipstream.config import conf
from slipstream.store import Store, migrate


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.setenv("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
    monkeypatch.setenv("AIRFLOW__CORE__PARALLELISM", "4")
    monkeypatch.setenv("AIRFLOW__CORE__KILLED_TASK_CLEANUP_TIME", "1")
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", f"sqlite:///{tmp_path}/airflow.db")
    (tmp_path / "dags").mkdir()
    conf.reload()
    yield tmp_path
    conf.reload()


@pytest.fixture
def idle_rig(home: Path) -> Iterator[Rig]:
    """A rig whose executor is not started yet."""
    store = Store.open()
    migrate.upgrade(store)
    rig = Rig(home, store)
    yield rig
    rig.executor.stop(3.0)
    store.close()


@pytest.fixture
def rig(idle_rig: Rig) -> Rig:
    idle_rig.start()
    return idle_rig
