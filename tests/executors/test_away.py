"""A broker or a Dask cluster that is away: what waits for it says so, and goes on once it is there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.engine.scheduler.site import Site
from tests.executors.brokers import PrivateBroker
from tests.executors.dask_rig import DaskScheduler

from slipstream import command, executors
from slipstream.config import conf
from slipstream.machine.explain import Explanation
from slipstream.store import Store
from slipstream.store.row import RunRow

PATIENCE_S = 60.0
DAG = """
with DAG("d", schedule=None):
    @task(executor="far")
    def t(): ...
    t()
"""


@pytest.mark.redis
def test_celery_whose_broker_is_away(
    home: Path,
    private_broker: Callable[[str], PrivateBroker],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broker = private_broker("redis")
    broker.stop()
    settings = broker.corner.environment()
    _waits_and_says_so(
        home, "CeleryExecutor", settings, f"{broker.port}/0", broker.start, monkeypatch
    )


def test_dask_whose_cluster_is_away(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheduler = DaskScheduler(tmp_path)
    scheduler.stop()
    settings = {"AIRFLOW__DASK__CLUSTER_ADDRESS": scheduler.address}
    try:
        _waits_and_says_so(
            home,
            "DaskExecutor",
            settings,
            f"tcp://127.0.0.1:{scheduler.port}",
            scheduler.start,
            monkeypatch,
        )
    finally:
        scheduler.stop()


def _waits_and_says_so(
    home: Path,
    executor: str,
    settings: dict[str, str],
    at: str,
    begin: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", f"LocalExecutor,far:{executor}")
    monkeypatch.setenv("AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION", "False")
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    conf.reload()
    with Store.open() as store:
        site = Site(home, store)
        site.write_dag("d", DAG)
        site.start(executors.create(conf.get("core", "executor")))
        try:
            row = site.trigger("d")
            site.until(lambda: _why(site, row).code == "executor", "word of it", PATIENCE_S)
            words = _why(site, row).summary
            assert words.startswith("far can hand out nothing since 20"), words
            assert f"{at} is away: " in words
            begin()
            site.until(lambda: _why(site, row).code == "queued", "its coming", PATIENCE_S)
        finally:
            site.stop()


def _why(site: Site, row: RunRow) -> Explanation:
    return command.explain(site.store, site.clock, dag_id="d", run_id=row.run_id, task_id="t")
