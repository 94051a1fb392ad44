"""One scheduler owns every DAG there is, however many and whenever they come."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from tests.unit.scheduler.harness import Rig, dag_spec

from slipstream.machine.event import RunMarked
from slipstream.scheduler import commit, ownership
from slipstream.scheduler.turn import Turn
from slipstream.state import DagRunState
from slipstream.store import inbox, job, lease
from slipstream.store.row import RunRow


def _owned(rig: Rig) -> int:
    with rig.store.read() as conn:
        return len(lease.owned_dags(conn, rig.scheduler.id))


def test_more_dags_than_a_transaction_claims_are_all_claimed(rig: Rig) -> None:
    rig.add_dags([dag_spec(f"d{i:03}", {"a": []}) for i in range(620)])
    rig.start()
    assert _owned(rig) == 620
    rig.add_dags([dag_spec(f"e{i:03}", {"a": []}) for i in range(10)])
    rig.turn(5)
    assert _owned(rig) == 630
    row = rig.trigger("e009")
    rig.work()
    assert rig.run_state(row) == "success"


def test_a_dag_that_comes_with_a_run_is_claimed_at_once(rig: Rig) -> None:
    rig.start()
    rig.turn()
    rig.add_dag(dag_spec("new", {"a": []}))
    row = rig.trigger("new")
    rig.turn()
    assert rig.executor.here() == ["a"]
    rig.work()
    assert rig.run_state(row) == "success"
    with rig.store.read() as conn:
        assert inbox.is_empty(conn, "scheduler")


def test_who_stops_owns_nothing_any_more(rig: Rig) -> None:
    rig.add_dag(dag_spec("d", {"a": []}))
    rig.start()
    assert _owned(rig) == 1
    rig.scheduler.stop()
    assert _owned(rig) == 0
    with rig.store.read() as conn:
        assert lease.stray_owners(conn) == []


def test_nothing_is_given_up_of_which_something_is_yet_to_be_written(rig: Rig) -> None:
    rig.add_dag(dag_spec("d", {"a": []}))
    rig.start()
    row = rig.trigger("d")
    rig.turn()
    world = rig.scheduler.world
    world.ownership.members.others = {"another"}
    rig.executor.begin(rig.executor.of("a"))
    with Turn(world) as turn:
        (run,) = world.book.active.values()
        turn.step(run, RunMarked(DagRunState.FAILED))
        assert not world.book.attempts
        ownership.leave(turn)
        assert _owned(rig) == 1
        turn.close()
        commit.commit(turn)
    with Turn(world) as turn:
        ownership.leave(turn)
    assert _owned(rig) == 0
    assert rig.run_state(row) == "failed"


def test_a_scheduler_that_reads_runs_for_long_stays_alive(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.add_dag(dag_spec("d", {"a": []}, max_active_runs=50))
    rows = [rig.trigger("d", run_id=f"r{i}") for i in range(30)]
    activate = Turn.activate

    def slowly(turn: Turn, row: RunRow) -> object:
        rig.clock.advance(1)
        return activate(turn, row)

    rig.start()
    rig.turn()
    assert {rig.run_state(row) for row in rows} == {"running"}
    began = rig.clock.now()
    monkeypatch.setattr(Turn, "activate", slowly)
    beats = []
    heartbeat = job.heartbeat
    monkeypatch.setattr(
        job, "heartbeat", lambda *args: [beats.append(rig.clock.now()), heartbeat(*args)][1]
    )
    rig.scheduler._recover()
    assert rig.clock.now() - began >= timedelta(seconds=30)
    pauses = [b - a for a, b in pairwise([began, *beats])]
    assert max(pauses) < rig.settings.lease / 2
