"""Why a task instance does not run, told from the store."""

from __future__ import annotations

from tests.unit.scheduler.harness import Rig, dag_spec

from slipstream import command


def test_a_pool_that_there_is_not_holds_its_tasks(rig: Rig) -> None:
    rig.add_dag(dag_spec("d", {"a": [], "b": []}, task={"a": {"pool": "deep"}}))
    rig.start()
    row = rig.trigger("d")
    rig.turn()
    assert rig.states(row)["a"] == "scheduled"
    answer = command.explain(rig.store, rig.clock, dag_id="d", run_id=row.run_id, task_id="a")
    assert answer.code == "missing_pool"
    assert any("'deep' does not exist: create it" in reason for reason in answer.reasons)
