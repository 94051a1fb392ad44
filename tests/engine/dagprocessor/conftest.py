"""The home that the DAG processor's tests work on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.engine.dagprocessor.home import Home

from slipstream.config import conf
from slipstream.store import Store, migrate


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.setenv("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
    conf.reload()
    (tmp_path / "dags").mkdir()
    with Store.open(f"sqlite:///{tmp_path}/airflow.db") as store:
        migrate.upgrade(store)
        yield Home(tmp_path, store)
    conf.reload()
