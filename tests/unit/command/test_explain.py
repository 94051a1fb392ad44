"""Why a task instance does not run, told from the store."""

from __future__ import annotations

import pytest
from tests.unit.scheduler.harness import Rig, dag_spec

from slipstream import command
from slipstream.store import attempt, pool


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


def test_why_it_failed_is_said_though_no_log_says_so(rig: Rig) -> None:
    rig.add_dag(dag_spec("d", {"a": []}))
    rig.start()
    row = rig.trigger("d")
    rig.turn()
    rig.executor.begin(rig.executor.of("a"))
    rig.turn()
    rig.executor.lose(rig.executor.of("a"))
    rig.turn()
    answer = command.explain(rig.store, rig.clock, dag_id="d", run_id=row.run_id, task_id="a")
    assert answer.code == "failed"
    assert answer.reasons[-1] == f"The reason: {_last_error(rig, row.id)}"


def test_of_several_executors_the_default_one_is_named(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.add_dag(dag_spec("d", {"a": []}))
    rig.start()
    row = rig.trigger("d")
    rig.turn()
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "far:DaskExecutor,LocalExecutor")
    answer = command.explain(rig.store, rig.clock, dag_id="d", run_id=row.run_id, task_id="a")
    assert "It is queued with far:DaskExecutor since" in answer.summary


def _last_error(rig: Rig, pk: int) -> str:
    with rig.store.read() as conn:
        outcome = attempt.list_tries(conn, pk, "a")[-1].outcome
    assert outcome is not None
    assert outcome.error
    return outcome.error
