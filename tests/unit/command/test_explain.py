"""Why a task instance does not run, told from the store."""

from __future__ import annotations

from tests.unit.scheduler.harness import Rig, dag_spec

from slipstream import command
from slipstream.store import pool


def test_a_pool_that_there_is_not_holds_its_tasks(rig: Rig) -> None:
    rig.add_dag(dag_spec("d", {"a": [], "b": []}, task={"a": {"pool": "deep"}}))
    rig.start()
    row = rig.trigger("d")
    rig.turn()
    assert rig.states(row)["a"] == "scheduled"
    answer = command.explain(rig.store, rig.clock, dag_id="d", run_id=row.run_id, task_id="a")
    assert answer.code == "missing_pool"
    assert any("'deep' does not exist: create it" in reason for reason in answer.reasons)


def test_slots_that_other_schedulers_hold_are_named(rig: Rig) -> None:
    rig.store.write(pool.upsert, "p", 3)
    tasks = {name: {"pool": "p", "pool_slots": 2} for name in "ab"}
    rig.add_dag(dag_spec("d", {"a": [], "b": []}, task=tasks))
    rig.start()
    row = rig.trigger("d")
    rig.turn()
    waits = next(name for name, state in rig.states(row).items() if state == "scheduled")

    def ask() -> tuple[str, str]:
        answer = command.explain(rig.store, rig.clock, dag_id="d", run_id=row.run_id, task_id=waits)
        return answer.code, answer.summary

    assert ask()[0] == "pool"
    rig.store.write(pool.upsert, "p", 4)
    code, words = ask()
    assert code == "pool_part"
    assert "its scheduler's part of pool 'p' is in use (2 of 3 slots)" in words
