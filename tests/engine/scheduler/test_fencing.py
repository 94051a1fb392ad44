"""A scheduler that lost its lease writes nothing more: not even in its very next transaction."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from tests.engine.scheduler.site import Site
from tests.unit.scheduler.harness import Rig, dag_spec

from slipstream.scheduler.lease import LeaseLost
from slipstream.store import Connection, Store, job, run, story, task_instance
from slipstream.store.row import RunRow


@pytest.fixture
def rig(store_url: str, tmp_path: object) -> Iterator[Rig]:
    rig = Rig(store_url)
    yield rig
    rig.close()


def _rows(store: Store, row: RunRow) -> list[object]:
    with store.read() as conn:
        tis = task_instance.load_run(conn, row.id)
        stories = [story.of_task_instance(conn, row.id, t) for t in "ab"]
        return [run.get_by_pk(conn, row.id), tis, story.of_run(conn, row.id), stories]


def _take_the_lease(rig: Rig) -> None:
    def take(conn: Connection) -> None:
        job.end(conn, rig.scheduler.id, "failed", rig.clock.now())

    rig.store.write(take)


def test_the_next_turn_after_a_lost_lease_writes_nothing(rig: Rig) -> None:
    rig.add_dag(dag_spec("d", {"a": ["b"], "b": []}))
    rig.start()
    row = rig.trigger("d")
    rig.turn()
    attempt_id = rig.executor.of("a")
    rig.executor.begin(attempt_id)
    rig.executor.end(attempt_id)
    before, former = _rows(rig.store, row), rig.scheduler.id
    _take_the_lease(rig)
    assert not rig.scheduler.turn(0).wrote
    assert rig.scheduler.is_standby
    assert _rows(rig.store, row) == before
    assert rig.executor.here() == []
    assert not rig.scheduler.world.book.active
    # Nobody else is there, so the next to take charge is the same process under a new lease; the
    # event that was dropped is found in the database, and applied once.
    rig.turn(2)
    assert not rig.scheduler.is_standby
    assert rig.scheduler.id != former
    rig.work()
    assert rig.run_state(row) == "success"
    with rig.store.read() as conn:
        told = {t: [e.to_state for e in story.of_task_instance(conn, row.id, t)] for t in "ab"}
    assert told["a"].count("success") == 1
    assert told["b"].count("queued") == 1


def test_no_other_write_goes_past_a_lost_lease(rig: Rig) -> None:
    rig.start()
    _take_the_lease(rig)
    with pytest.raises(LeaseLost):
        rig.scheduler.world.write(lambda conn: None)
    rig.add_dag(dag_spec("due", {"a": []}, timetable={"type": "once"}))
    rig.scheduler.turn(0)
    assert rig.scheduler.is_standby
    with rig.store.read() as conn:
        assert run.count_active(conn, ["due"]) == {"due": (0, 0)}


DAG = """
import time
with DAG("work", schedule=None):
    @task
    def held():
        prove("held")
        while not os.path.exists(PROOF + ".go"):
            time.sleep(0.02)

    @task
    def after():
        prove("after")

    held() >> after()
"""


@pytest.mark.parametrize("dialect", ["postgresql", "mysql"], indirect=True)
def test_a_scheduler_that_was_stopped_stands_by_and_its_tasks_go_on(
    any_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = any_site
    site.write_dag("work", DAG)
    command = [sys.executable, "-m", "slipstream.scheduler"]
    first = subprocess.Popen(
        command, cwd=site.home, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        row = site.trigger("work")
        site.until(lambda: site.proof() == ["held"], "the task's start")
        os.kill(first.pid, signal.SIGSTOP)
        monkeypatch.setattr(site, "settings", site.short_lease())
        second = site.start()
        site.until(lambda: not second.is_standby, "the takeover")
        (site.home / "proof.go").touch()
        assert site.finish(row) == "success"
        os.kill(first.pid, signal.SIGCONT)
        assert first.stderr is not None
        said = next(line for line in first.stderr if "declared dead" in line)
        assert "It stands by." in said
        site.stop()
        again = site.trigger("work")  # the first one is the next to take charge
        assert site.finish(again) == "success"
        first.terminate()
        assert first.wait(10) == 0
    finally:
        first.kill()
        first.communicate()
    assert site.proof() == ["held", "after"] * 2
    assert [t.ti_state for t in site.tries(row, "held")] == ["success"]
