"""Workers that do not fit the installation: each task instance fails with the reason, and none is stuck.

The whole way is real: scheduler, broker or Dask cluster, worker, API server. What a worker host alone
does with such attempts is in ``tests/engine/worker/test_remote.py``.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.engine.scheduler.site import HEADER, Site
from tests.executors.brokers import corner_on
from tests.executors.celery_rig import WorkerProcess
from tests.executors.dask_rig import DaskScheduler, DaskWorker
from tests.executors.program import Program
from tests.executors.remote import ApiServer

from slipstream import command, executors
from slipstream.config import conf
from slipstream.store import Store, job

PATIENCE_S = 60.0
NAME = socket.gethostname()
DAG = """
with DAG("d", schedule=None):
    @task
    def t():
        prove("ran")
    t()
"""
ANOTHER = """
with DAG("d", schedule=None):
    @task
    def other(): ...
    other()
"""
StartWorker = Callable[..., Program]


@pytest.fixture
def api_server() -> Iterator[ApiServer]:
    server = ApiServer()
    yield server
    server.kill()


@pytest.fixture(params=[pytest.param("Celery", marks=pytest.mark.redis), "Dask"])
def start_worker(
    request: pytest.FixtureRequest,
    home: Path,
    api_server: ApiServer,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[StartWorker]:
    """Return a function that starts a worker of the executor that is configured, with variables."""
    with contextlib.ExitStack() as stack:
        monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", f"{request.param}Executor")
        monkeypatch.setenv("AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION", "False")
        if request.param == "Celery":
            corner = stack.enter_context(contextlib.contextmanager(corner_on)("redis", request))
            settings = corner.environment()
        else:
            scheduler: DaskScheduler = request.getfixturevalue("dask_scheduler")
            settings = {"AIRFLOW__DASK__CLUSTER_ADDRESS": scheduler.address}
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        conf.reload()

        def start(**more: str) -> Program:
            env = {"AIRFLOW__CORE__EXECUTION_API_SERVER_URL": api_server.url, **more}
            worker: Program
            if request.param == "Celery":
                worker = WorkerProcess(home, "worker", "--concurrency", "1", env=env)
            else:
                words = ["--nthreads", "1", "--no-nanny"]
                worker = DaskWorker(home, "worker", scheduler.address, words, env)
            stack.callback(worker.stop)
            return worker

        yield start


@pytest.fixture
def site(home: Path, start_worker: StartWorker) -> Iterator[Site]:
    with Store.open() as store:
        site = Site(home, store, queued_timeout_s=12.0, queued_retries=0)
        site.write_dag("d", DAG)
        site.start(executors.create(conf.get("core", "executor")))
        yield site
        site.stop()


def _fails(site: Site, worker: Program, reason: str) -> None:
    """A run's task fails, and its story says why."""
    row = site.trigger("d")
    state = site.finish(row, PATIENCE_S)
    print(worker.log)
    assert state == "failed"
    assert site.states(row) == {"t": "failed"}
    told = [event.detail or "" for event in site.task_story(row, "t")]
    assert any(reason in detail for detail in told), told
    assert not (site.home / "proof").exists()


def test_a_worker_without_the_dag_file(
    site: Site, start_worker: StartWorker, api_server: ApiServer, tmp_path: Path
) -> None:
    api_server.start()
    (tmp_path / "empty").mkdir()
    worker = start_worker(AIRFLOW__CORE__DAGS_FOLDER=str(tmp_path / "empty"))
    _fails(site, worker, "Every machine on which tasks run needs the DAG files")


def test_a_worker_with_a_different_dag_file(
    site: Site, start_worker: StartWorker, api_server: ApiServer, tmp_path: Path
) -> None:
    api_server.start()
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "d.py").write_text(HEADER + ANOTHER)
    worker = start_worker(AIRFLOW__CORE__DAGS_FOLDER=str(tmp_path / "theirs"))
    _fails(site, worker, "is this machine's copy of the file another one?")


def test_a_worker_of_another_version(
    site: Site, start_worker: StartWorker, api_server: ApiServer, tmp_path: Path
) -> None:
    api_server.start()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "sitecustomize.py").write_text(
        "import slipstream.worker.task_api as t\nt.VERSION = 2\n"
    )
    worker = start_worker(PYTHONPATH=str(tmp_path / "other"))
    _fails(
        site, worker, f"install the same release of Slipstream on both. It was a worker on {NAME}."
    )


def test_an_api_server_with_another_key_whose_workers_can_begin_nothing(
    site: Site,
    start_worker: StartWorker,
    api_server: ApiServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """To it every token is forged, so that no worker can say a word: the scheduler sees and says why."""
    with monkeypatch.context() as patch:
        patch.setitem(os.environ, "AIRFLOW__API_AUTH__JWT_SECRET", secrets.token_hex(32))
        api_server.start()
    worker = start_worker()
    row = site.trigger("d")
    site.until(lambda: site.states(row) == {"t": "queued"}, "its start")
    site.until(lambda: "signing key" in caplog.text, "that the scheduler sees it")
    waits = command.explain(site.store, site.clock, dag_id="d", run_id=row.run_id, task_id="t")
    assert waits.code == "signing_key"
    assert "jwt_secret" in waits.summary
    began = time.monotonic()
    assert site.finish(row, PATIENCE_S) == "failed"
    assert time.monotonic() - began < 11.0, "it was not the timeout of the queue"
    print(worker.log)
    told = [event.detail or "" for event in site.task_story(row, "t")]
    assert any("another signing key" in detail and "jwt_secret" in detail for detail in told), told
    ended = command.explain(site.store, site.clock, dag_id="d", run_id=row.run_id, task_id="t")
    assert any("another signing key" in reason for reason in ended.reasons)
    assert "refuses this worker (401)" in worker.log
    assert not (site.home / "proof").exists()
    with site.store.read() as conn:
        marks = {row.key_mark for row in job.list_running(conn, "ApiServer", "SchedulerJob")}
    assert len(marks) == 2
    assert not any(str(mark) in conf.get("api_auth", "jwt_secret") for mark in marks)


def test_a_queue_that_nobody_serves(
    site: Site, start_worker: StartWorker, api_server: ApiServer
) -> None:
    """It waits as long as it may, fails with its queue's name, and holds up nobody meanwhile."""
    api_server.start()
    start_worker()
    site.write_dag("d", DAG.replace("@task", '@task(queue="nobody")'))
    site.write_dag("other", DAG.replace('DAG("d"', 'DAG("other"'))
    row = site.trigger("d")
    site.until(lambda: site.states(row) == {"t": "queued"}, "its start")
    waits = command.explain(site.store, site.clock, dag_id="d", run_id=row.run_id, task_id="t")
    assert any("Its queue is 'nobody'" in reason for reason in waits.reasons)
    assert site.finish(site.trigger("other"), PATIENCE_S) == "success"
    assert site.states(row) == {"t": "queued"}
    assert site.finish(row, PATIENCE_S) == "failed"
    told = [event.detail or "" for event in site.task_story(row, "t")]
    assert any("no worker began it: is there one for its queue 'nobody'" in d for d in told), told
    assert site.proof() == ["ran"]


def test_no_api_server_at_all(site: Site, start_worker: StartWorker) -> None:
    """What waits for a worker says that nobody would answer the worker."""
    row = site.trigger("d")
    site.until(lambda: site.states(row) == {"t": "queued"}, "its start")
    waits = command.explain(site.store, site.clock, dag_id="d", run_id=row.run_id, task_id="t")
    assert any("No API server" in reason for reason in waits.reasons)
