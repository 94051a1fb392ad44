"""The whole loop with hosts that know only the API server: the scheduler hears from the store."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
from tests.engine.scheduler.site import Site
from tests.executors.remote import ApiServer, RemoteLocalExecutor

from slipstream import command

DAG = """
def told(context):
    prove(f"run callback {context['run_id']}")

with DAG("d", schedule=None, start_date=datetime(2024, 1, 1), on_success_callback=told):
    @task
    def a():
        prove("a")
        return 20
    @task
    def b(n):
        prove("b")
        return n + 1
    @task(retries=1, retry_delay=timedelta(0))
    def c(n, ti=None):
        prove(f"c {ti.try_number}")
        if ti.try_number == 1:
            raise ValueError("once")
        return n * 2
    c(b(a()))

with DAG("slow", schedule=None, start_date=datetime(2024, 1, 1)):
    @task
    def s():
        import time
        prove(f"begun {os.getpid()}")
        while not os.path.exists(PROOF + ".go"):
            time.sleep(0.02)
    s()
"""


@pytest.fixture
def server(any_site: Site) -> Iterator[ApiServer]:
    server = ApiServer()
    server.start()
    yield server
    server.kill()


def _start(site: Site, server: ApiServer) -> RemoteLocalExecutor:
    executor = RemoteLocalExecutor(server.url)
    site.start({executor.name: executor})
    return executor


def test_a_run_goes_through_with_its_retries_xcoms_and_callbacks(
    any_site: Site, server: ApiServer
) -> None:
    site = any_site
    executor = _start(site, server)
    site.write_dag("d", DAG)
    row = site.trigger("d")
    assert site.finish(row) == "success"
    assert site.xcom(row, "c") == 42
    site.until(lambda: len(site.proof()) == 5, "the run's callback")
    assert site.proof() == ["a", "b", "c 1", "c 2", f"run callback {row.run_id}"]
    site.until(lambda: not site.callbacks(), "the callback's request to be settled")
    for task_id, n in (("a", 1), ("b", 1), ("c", 2)):
        kinds = [event.kind for event in site.task_story(row, task_id)]
        assert (kinds.count("admitted"), kinds.count("finished")) == (n, n)
    ids = {t.id for name in "abc" for t in site.tries(row, name)}
    assert ids <= set(executor.heard_of), "the executor need not care for them any more"


def test_clearing_a_running_task_ends_it_and_runs_it_again(
    any_site: Site, server: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__SCHEDULER__JOB_HEARTBEAT_SEC", "0.2")
    site = any_site
    executor = _start(site, server)
    executor.cancel = lambda attempt_ids: None  # type: ignore[method-assign]  # only heartbeats tell
    site.write_dag("d", DAG)
    row = site.trigger("slow")
    site.until(lambda: site.states(row).get("s") == "running", "its start to be known")
    site.until(lambda: len(site.proof()) == 1, "its begin")
    command.clear(site.store, site.clock, dag_id="slow", run_id=row.run_id)
    site.until(lambda: len(site.proof()) == 2, "its second begin")
    (site.home / "proof.go").touch()
    assert site.finish(row) == "success"


def test_a_killed_host_costs_a_try_when_its_launcher_says_so(
    any_site: Site, server: ApiServer
) -> None:
    site = any_site
    executor = _start(site, server)
    site.write_dag("d", DAG)
    row = site.trigger("slow")
    site.until(lambda: len(site.proof()) == 1, "its begin")
    assert executor._process is not None
    os.kill(executor._process.pid, signal.SIGKILL)
    assert site.finish(row) == "failed"
    [attempt] = site.tries(row, "s")
    assert attempt.outcome is not None
    assert attempt.outcome.host_lost


def test_an_api_server_that_is_killed_delays_and_loses_nothing(
    any_site: Site, server: ApiServer
) -> None:
    site = any_site
    _start(site, server)
    site.write_dag("d", DAG)
    rows = [site.trigger("d") for _ in range(4)]
    for n in (2, 6):
        site.until(lambda n=n: len(site.proof()) > n, "some to have run")
        server.kill()
        server.start()
    for row in rows:
        assert site.finish(row) == "success"
        assert site.xcom(row, "c") == 42
    words = [w for w in site.proof() if not w.startswith("run")]
    assert sorted(words) == sorted(["a", "b", "c 1", "c 2"] * 4)


def test_a_scheduler_that_comes_back_finds_what_was_told_meanwhile(
    any_site: Site, server: ApiServer
) -> None:
    site = any_site
    _start(site, server)
    site.write_dag("d", DAG)
    row = site.trigger("slow")
    site.until(lambda: site.states(row).get("s") == "running", "its start to be known")
    scheduler, site.scheduler = site.scheduler, None  # it is stopped, and then killed
    (site.home / "proof.go").touch()
    site.until(lambda: site.tries(row, "s")[0].state == "done", "its end, told to nobody")
    assert scheduler is not None
    scheduler._lease.end(site.clock.now(), ok=False)
    _start(site, server)
    assert site.finish(row) == "success"
    scheduler.stop(deadline_s=3.0, ok=False)
