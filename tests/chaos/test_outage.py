"""The database is away for a while: everything goes on by itself, and nothing is lost."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.chaos.checker import check
from tests.chaos.cluster import Cluster, NoServer, Postgres
from tests.chaos.stage import Stage, wait_until

from slipstream.config import conf
from slipstream.store import Store, migrate

AWAY_S = float(os.environ.get("SLIPSTREAM_CHAOS_AWAY", "20"))


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    try:
        cluster = Postgres()
    except NoServer as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.close()


@pytest.fixture
def private_stage(cluster: Cluster, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", cluster.url)
    conf.reload()
    with Store.open(cluster.url) as store:
        migrate.upgrade(store)
        stage = Stage(home, store)
        stage.prepare()
        yield stage
        stage.close()


@pytest.mark.postgres
@pytest.mark.timeout(300)
def test_the_database_goes_away_and_comes_back(private_stage: Stage, cluster: Cluster) -> None:
    stage = private_stage
    stage.start("scheduler", "dag_processor")
    rows = [
        stage.trigger(dag_id)
        for dag_id in ("chaos_chain", "chaos_fan", "chaos_branch", "chaos_fail")
        for _ in range(3)
    ]
    wait_until(lambda: len(stage.proof()) >= 8, 30, stage.tail)
    cluster.stop()
    time.sleep(AWAY_S)
    cluster.start()
    stage.settle(rows, 60)
    check(stage, rows)
    # Nobody had to restart anything.
    started = {name: n for name, n in stage.n_started.items() if n}
    assert started == {"scheduler": 1, "dag_processor": 1}, stage.tail()
