"""Several executors in one scheduler: each task goes to its own, and its results to the others."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.engine.scheduler.site import Site
from tests.executors.brokers import Corner, corner_on
from tests.executors.celery_rig import WorkerProcess
from tests.executors.dask_rig import DaskScheduler, DaskWorker
from tests.executors.remote import ApiServer

from slipstream import executors
from slipstream.config import conf
from slipstream.store import Store

NAMES = "LocalExecutor,far:CeleryExecutor,DaskExecutor"
PATIENCE_S = 90.0
DAG = """
def carrier():
    '''Return what the worker host above this process says of its executor.'''
    pid = os.getpid()
    while pid > 1:
        with open(f"/proc/{pid}/cmdline") as file:
            words = file.read().split("\\0")
        if "--executor" in words:
            return words[words.index("--executor") + 1]
        with open(f"/proc/{pid}/stat") as file:
            pid = int(file.read().rpartition(")")[2].split()[1])

with DAG("d", schedule=None, start_date=datetime(2024, 1, 1)):
    @task
    def first():
        prove(carrier())
        return 1
    @task(executor="far")
    def second(n):
        prove(carrier())
        return n + 1
    @task(executor="airflow.executors.dask_executor.DaskExecutor")
    def third(n):
        prove(carrier())
        return n * 10
    third(second(first()))
"""


@pytest.fixture
def redis(request: pytest.FixtureRequest) -> Iterator[Corner]:
    with contextlib.contextmanager(corner_on)("redis", request) as corner:
        yield corner


@pytest.mark.redis
def test_a_run_s_tasks_are_on_three_executors_and_hear_of_each_other(
    home: Path,
    redis: Corner,
    dask_scheduler: DaskScheduler,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in {
        "AIRFLOW__CORE__EXECUTOR": NAMES,
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__DASK__CLUSTER_ADDRESS": dask_scheduler.address,
        **redis.environment(),
    }.items():
        monkeypatch.setenv(name, value)
    conf.reload()
    with contextlib.ExitStack() as stack:
        server = ApiServer()
        stack.callback(server.kill)
        server.start()
        env = {"AIRFLOW__CORE__EXECUTION_API_SERVER_URL": server.url}
        words = ("--concurrency", "1")
        workers = (
            WorkerProcess(home, "celery-worker", *words, env=env),
            DaskWorker(home, "dask-worker", dask_scheduler.address, ["--nthreads", "1"], env),
        )
        for worker in workers:
            stack.callback(worker.stop)
        site = Site(home, stack.enter_context(Store.open()))
        stack.callback(site.stop)
        site.write_dag("d", DAG)
        site.start(executors.create(NAMES))
        row = site.trigger("d")
        state = site.finish(row, PATIENCE_S)
        for worker in workers:
            print(f"--- {worker.name}\n{worker.log}")
        assert state == "success"
        assert site.xcom(row, "third") == 20
        assert site.proof() == ["LocalExecutor", "CeleryExecutor", "DaskExecutor"]
