"""Fixtures. SLIPSTREAM_CHAOS_SECONDS says how long the storm lasts, SLIPSTREAM_CHAOS_SEED which."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.chaos.stage import Stage

from slipstream.config import conf
from slipstream.store import Store


@pytest.fixture
def seconds() -> float:
    """How long the killing goes on."""
    return float(os.environ.get("SLIPSTREAM_CHAOS_SECONDS", "10"))


@pytest.fixture
def chance() -> random.Random:
    seed = int(os.environ.get("SLIPSTREAM_CHAOS_SEED") or random.SystemRandom().randrange(10**6))
    print(f"SLIPSTREAM_CHAOS_SEED={seed}")
    return random.Random(seed)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    home = tmp_path / "home"
    (home / "dags").mkdir(parents=True)
    monkeypatch.setenv("AIRFLOW_HOME", str(home))
    monkeypatch.setenv("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
    monkeypatch.setenv("AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION", "False")
    monkeypatch.setenv("AIRFLOW__CORE__PARALLELISM", "6")
    monkeypatch.setenv("AIRFLOW__API__PORT", "0")
    conf.reload()
    yield home
    conf.reload()


@pytest.fixture
def stage(store_url: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """The installation on each of the databases."""
    monkeypatch.setenv("AIRFLOW_HOME", str(home))
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", store_url)
    conf.reload()
    with Store.open(store_url) as store:
        stage = Stage(home, store)
        stage.prepare()
        yield stage
        stage.close()
