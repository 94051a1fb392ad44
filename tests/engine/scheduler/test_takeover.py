"""A scheduler or a worker host that dies in the middle: what was begun is finished, once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from tests.engine.scheduler.site import Site

from slipstream.store import job

DAG = """
import time
with DAG("work", schedule=None):
    @task
    def before():
        prove("before")
        return 41

    @task(retries=1, retry_delay=timedelta(seconds=0.1))
    def held(x, ti=None):
        prove(f"held {ti.try_number}")
        while not os.path.exists(PROOF + ".go"):
            time.sleep(0.02)
        return x + 1

    @task
    def after(x):
        prove(f"after {x}")

    after(held(before()))
"""


def _spawn(site: Site) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "slipstream.scheduler"], cwd=site.home)


def _host_pid(site: Site) -> int:
    with site.store.read() as conn:
        row = job.latest(conn, "WorkerHost")
    assert row is not None
    return row.pid


def test_a_successor_takes_over_what_a_killed_scheduler_began(any_site: Site) -> None:
    site = any_site
    site.write_dag("work", DAG)
    first = _spawn(site)
    try:
        row = site.trigger("work")
        site.until(lambda: "held 1" in site.proof(), "the held task")
    finally:
        first.kill()
        first.wait()
    site.start()
    site.until(lambda: site.states(row)["held"] == "running", "the state of the held task")
    (site.home / "proof.go").touch()
    assert site.finish(row) == "success"
    # The orphaned worker host finished what it ran: nothing was begun a second time.
    assert site.proof() == ["before", "held 1", "after 42"]


def test_a_killed_worker_host_fails_its_tasks_and_they_are_retried(site: Site) -> None:
    site.write_dag("work", DAG)
    site.start()
    row = site.trigger("work")
    site.until(lambda: "held 1" in site.proof(), "the held task")
    os.kill(_host_pid(site), signal.SIGKILL)
    site.until(lambda: "held 2" in site.proof(), "the second try")
    (site.home / "proof.go").touch()
    assert site.finish(row) == "success"
    assert site.proof() == ["before", "held 1", "held 2", "after 42"]


def test_scheduler_and_host_killed_together(any_site: Site) -> None:
    site = any_site
    site.write_dag("work", DAG)
    first = _spawn(site)
    try:
        row = site.trigger("work")
        site.until(lambda: "held 1" in site.proof(), "the held task")
        os.kill(_host_pid(site), signal.SIGKILL)
    finally:
        first.kill()
        first.wait()
    site.start()
    site.until(lambda: "held 2" in site.proof(), "the second try")
    (site.home / "proof.go").touch()
    assert site.finish(row) == "success"
    assert site.proof() == ["before", "held 1", "held 2", "after 42"]


def test_a_scheduler_that_is_asked_to_stop_leaves_nothing_behind(site: Site) -> None:
    site.write_dag("work", DAG)
    process = _spawn(site)
    try:
        site.trigger("work")
        site.until(lambda: "held 1" in site.proof(), "the held task")
        host = _host_pid(site)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()
    site.until(lambda: not os.path.exists(f"/proc/{host}"), "the end of the worker host", 5)
    with site.store.read() as conn:
        last = job.latest(conn, "SchedulerJob")
    assert last is not None
    assert last.state == "success"
