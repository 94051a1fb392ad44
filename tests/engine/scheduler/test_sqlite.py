"""SQLite takes one scheduler at a time."""

from __future__ import annotations

import subprocess
import sys

from tests.engine.scheduler.site import Site

from slipstream.store import job


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
