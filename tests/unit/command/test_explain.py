"""Why does it not run? Answered from stored rows."""

from __future__ import annotations

import pytest
from tests.unit.scheduler.harness import START, Rig, dag_spec

from slipstream import command
from slipstream.errors import NotFound
from slipstream.machine.explain import Explanation
from slipstream.store import pool
from slipstream.store.row import RunRow


def _why(rig: Rig, row: RunRow, task_id: str) -> Explanation:
    return command.explain(
        rig.store, rig.clock, dag_id=row.dag_id, run_id=row.run_id, task_id=task_id
    )


def test_an_upstream_is_named(rig: Rig) -> None:
    rig.add_dag(dag_spec("d", {"a": ["b"], "b": []}))
    rig.start()
    row = rig.trigger("d")
    rig.turn()
    answer = _why(rig, row, "b")
    assert answer.code == "upstream"
    assert "Upstream a is queued." in answer.reasons


def test_a_full_pool_is_named(rig: Rig) -> None:
    rig.store.write(pool.upsert, "narrow", 1, None, False)
    narrow = {t: {"pool": "narrow"} for t in ("a", "b")}
    rig.add_dag(dag_spec("d", {"a": [], "b": []}, task=narrow))
    rig.start()
    row = rig.trigger("d")
    rig.turn()
    waiting = next(t for t, s in rig.states(row).items() if s == "scheduled")
    answer = _why(rig, row, waiting)
    assert answer.code == "pool"
    assert "'narrow' is full: 1 of 1" in answer.summary


def test_a_paused_dag_and_a_full_dag_are_named(rig: Rig) -> None:
    rig.add_dag(dag_spec("d", {"a": []}, max_active_runs=1))
    rig.start()
    rig.trigger("d")
    rig.clock.advance(1)
    second = rig.trigger("d")
    rig.turn()
    assert _why(rig, second, "a").code == "max_active_runs"
    command.set_paused(rig.store, rig.clock, dag_id="d", paused=True, wait_s=0)
    assert _why(rig, second, "a").code == "paused"


def test_the_past_is_named_only_when_it_holds(rig: Rig) -> None:
    task = {"b": {"depends_on_past": True}}
    rig.add_dag(dag_spec("d", {"a": ["b"], "b": []}, task=task))
    rig.start()
    first = rig.trigger("d", run_id="r1", logical_date=START)
    second = rig.trigger("d", run_id="r2", logical_date=START.replace(day=2))
    rig.turn()
    assert _why(rig, first, "b").code == "upstream"
    assert not any("past" in reason for reason in _why(rig, first, "b").reasons)
    assert any("past" in reason for reason in _why(rig, second, "b").reasons)


def test_a_missing_scheduler_comes_first(rig: Rig) -> None:
    rig.add_dag(dag_spec("d", {"a": []}))
    answer = _why(rig, rig.trigger("d"), "a")
    assert answer.code == "no_scheduler"
    assert len(answer.reasons) == 2


def test_an_unknown_task_is_told(rig: Rig) -> None:
    rig.add_dag(dag_spec("d", {"a": []}))
    row = rig.trigger("d")
    with pytest.raises(NotFound, match="'zz'"):
        _why(rig, row, "zz")
