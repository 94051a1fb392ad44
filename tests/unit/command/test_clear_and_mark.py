"""Clearing and marking by hand, with their reach to relatives and other runs."""

from __future__ import annotations

import pytest
from tests.unit.scheduler.harness import START, Rig, dag_spec

from slipstream import command
from slipstream.errors import NotFound, UserError
from slipstream.state import DagRunState, TaskInstanceState

CHAIN = {"a": ["b"], "b": ["c"], "c": []}


def _finished(rig: Rig, days: int = 1) -> list[str]:
    rig.add_dag(dag_spec("d", CHAIN))
    rig.start()
    names = []
    for day in range(1, days + 1):
        names.append(rig.trigger("d", run_id=f"r{day}", logical_date=START.replace(day=day)).run_id)
    rig.work()
    return names


def test_clear_takes_the_downstream_along_when_asked(rig: Rig) -> None:
    _finished(rig)
    affected = command.clear(
        rig.store,
        rig.clock,
        dag_id="d",
        run_id="r1",
        task_ids=["b"],
        include_downstream=True,
        dry_run=True,
    )
    assert [t.task_id for t in affected] == ["b", "c"]


def test_a_dry_run_changes_nothing(rig: Rig) -> None:
    _finished(rig)
    command.clear(rig.store, rig.clock, dag_id="d", run_id="r1", dry_run=True)
    rig.turn()
    assert rig.executor.here() == []


def test_clear_reaches_past_and_future_runs(rig: Rig) -> None:
    _finished(rig, days=3)
    for past, future, runs in ((False, False, 1), (True, False, 2), (False, True, 2)):
        affected = command.clear(
            rig.store,
            rig.clock,
            dag_id="d",
            run_id="r2",
            task_ids=["a"],
            include_past=past,
            include_future=future,
            dry_run=True,
        )
        assert len({t.dag_run_id for t in affected}) == runs


def test_marking_what_has_that_state_affects_nothing(rig: Rig) -> None:
    _finished(rig)
    affected = command.mark_task(
        rig.store,
        rig.clock,
        dag_id="d",
        run_id="r1",
        task_id="a",
        state=TaskInstanceState.SUCCESS,
        wait_s=0,
    )
    assert affected == []


def test_states_that_cannot_be_set_are_refused(rig: Rig) -> None:
    _finished(rig)
    with pytest.raises(UserError, match="success, failed, skipped"):
        command.mark_task(
            rig.store,
            rig.clock,
            dag_id="d",
            run_id="r1",
            task_id="a",
            state=TaskInstanceState.RUNNING,
        )
    with pytest.raises(UserError, match="success, failed, queued"):
        command.mark_run(rig.store, rig.clock, dag_id="d", run_id="r1", state=DagRunState.RUNNING)


def test_what_does_not_exist_is_told(rig: Rig) -> None:
    _finished(rig)
    with pytest.raises(NotFound, match="'r9'"):
        command.delete_run(rig.store, rig.clock, dag_id="d", run_id="r9")
    with pytest.raises(NotFound, match="'d9'"):
        command.set_paused(rig.store, rig.clock, dag_id="d9", paused=True)
