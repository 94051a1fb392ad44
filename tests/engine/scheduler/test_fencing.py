"""A scheduler that lost its lease writes nothing more: not even in its very next transaction."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
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
    assert _rows(rig.store, row) == before
    assert rig.executor.here() == []
    assert not rig.scheduler.world.book.active
    # Nobody else is there, so it is the same process that claims what it had, under a new lease;
    # the event that was dropped is found in the database, and applied once.
    assert rig.scheduler.id != former
    rig.turn(2)
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
    former = rig.scheduler.id
    rig.scheduler.turn(0)
    assert rig.scheduler.id != former
    with rig.store.read() as conn:
        assert run.count_active(conn, ["due"]) == {"due": (0, 0)}
