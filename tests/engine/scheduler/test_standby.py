"""Two schedulers on one database: one works, the other takes over when that one is gone."""

from __future__ import annotations

import subprocess
import sys

import pytest
from tests.engine.scheduler.site import Site

from slipstream.store import job

DAG = """
import time
with DAG("work", schedule=None):
    @task
    def held():
        prove("held")
        while not os.path.exists(PROOF + ".go"):
            time.sleep(0.02)

    held()
"""


@pytest.mark.parametrize("dialect", ["postgresql", "mysql"], indirect=True)
def test_the_standby_takes_over(any_site: Site) -> None:
    site = any_site
    site.write_dag("work", DAG)
    command = [sys.executable, "-m", "slipstream.scheduler"]
    first = subprocess.Popen(command, cwd=site.home)
    try:
        row = site.trigger("work")
        site.until(lambda: site.proof() == ["held"], "the task's start")
        second = site.start()
        for _ in range(3):
            second.turn(0.05)
        assert second.is_standby
    finally:
        first.kill()
        first.wait()
    site.until(lambda: not second.is_standby, "the takeover")
    (site.home / "proof.go").touch()
    assert site.finish(row) == "success"
    assert site.proof() == ["held"]


def test_sqlite_refuses_a_second_scheduler(site: Site) -> None:
    site.start()
    second = subprocess.run(
        [sys.executable, "-m", "slipstream.scheduler"],
        cwd=site.home,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert second.returncode == 1
    assert second.stderr.startswith("A scheduler already runs on this database (pid ")
    assert len(second.stderr.splitlines()) == 1
    with site.store.read() as conn:
        newest = job.latest(conn, "SchedulerJob")
    assert newest is not None
    assert site.scheduler is not None
    assert newest.id == site.scheduler.id
