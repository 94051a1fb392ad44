from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.engine.scheduler.site import Site

from slipstream.config import conf
from slipstream.store import Store, migrate


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.setenv("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
    monkeypatch.setenv("AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION", "False")
    conf.reload()
    (tmp_path / "dags").mkdir()
    yield tmp_path
    conf.reload()


@pytest.fixture
def site(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    url = f"sqlite:///{home}/airflow.db"
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", url)
    conf.reload()
    with Store.open(url) as store:
        migrate.upgrade(store)
        site = Site(home, store)
        yield site
        site.stop()


@pytest.fixture
def any_site(store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """An installation on each of the databases."""
    home = tmp_path / "home"
    (home / "dags").mkdir(parents=True)
    monkeypatch.setenv("AIRFLOW_HOME", str(home))
    monkeypatch.setenv("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
    monkeypatch.setenv("AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION", "False")
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", store_url)
    conf.reload()
    with Store.open(store_url) as store:
        site = Site(home, store)
        yield site
        site.stop()
    conf.reload()
