"""A large run is made and moved bit by bit, and comes to the same as at once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.unit.machine.build import START, Rows, dag, key, task

from slipstream.machine.event import Continued, Marked, RunMarked, RunStarted
from slipstream.machine.plan import compile_plan
from slipstream.machine.run import RunFacts, RunMachine
from slipstream.spec import DagSpec
from slipstream.state import DagRunState
from slipstream.state import TaskInstanceState as S


def _spec(n: int = 5) -> DagSpec:
    mapped = {"kind": "expand", "by": {"x": list(range(n))}}
    late = (START + timedelta(days=9)).isoformat()
    return dag(
        task("a", "m"), task("m", "z", mapped=mapped), task("z"), task("never", start_date=late)
    )


PLAN = compile_plan(_spec())
FACTS = RunFacts(dag_run_pk=1, run_id="r", run_after=START, logical_date=START)


def _whole() -> RunMachine:
    return RunMachine.new(PLAN, FACTS, START)[0]


def test_instances_are_made_a_few_at_a_time_and_all_in_the_end() -> None:
    machine, d = RunMachine.new(PLAN, FACTS, START, pace=2)
    made = [len(d.changes)]
    while machine.has_more:
        machine.validate_state()
        made.append(len(machine.on(Continued(), START).changes))
    assert made in ([2, 2, 2, 1], [2, 2, 2, 1, 0])
    assert list(machine.tis) == list(_whole().tis)
    assert machine.absent == _whole().absent != frozenset()


@pytest.mark.parametrize("n_made", range(8))
def test_a_making_that_was_cut_short_is_finished_by_who_restores_the_run(n_made: int) -> None:
    whole, d = RunMachine.new(PLAN, FACTS, START)
    d.changes = dict(list(d.changes.items())[:n_made])
    rows = Rows()
    rows.save(d)
    machine, more = RunMachine.restore(PLAN, FACTS, rows.load(), START)
    machine.validate_state()
    assert len(more.changes) == len(whole.tis) - n_made
    assert machine.tis.keys() == whole.tis.keys()
    assert machine.counts == whole.counts
    assert machine.up == whole.up


def test_a_run_that_has_begun_gets_no_instances_that_its_mapping_did_not_have() -> None:
    rows = Rows()
    machine, d = RunMachine.new(compile_plan(_spec(3)), FACTS, START)
    rows.save(d)
    rows.save(machine.on(RunStarted(), START))
    rows.save(machine.on(Marked((key("a"),), S.SUCCESS), START))
    for k in ("m[0]", "m[1]", "m[2]"):
        rows.save(machine.on(Marked((key(k),), S.SUCCESS), START))
    facts = RunFacts(
        dag_run_pk=1,
        run_id="r",
        run_after=START,
        logical_date=START,
        state=DagRunState.RUNNING,
        start_date=START,
    )
    later, _ = RunMachine.restore(PLAN, facts, rows.load(), START)
    assert [ti.map_index for ti in later.by_task[PLAN.index["m"]]] == [0, 1, 2]


def test_what_happens_to_a_run_that_is_not_all_made_happens_to_all_of_it() -> None:
    machine, _ = RunMachine.new(PLAN, FACTS, START, pace=2)
    d = machine.on(RunMarked(DagRunState.FAILED), START)
    machine.validate_state()
    assert machine.state is DagRunState.FAILED
    assert not machine.has_more
    assert {ti.state for ti in machine.tis.values()} == {S.SKIPPED}
    assert len(machine.tis) == len(_whole().tis)
    assert len(d.changes) == len(machine.tis)


def test_events_only_add_to_what_is_left_until_it_is_continued() -> None:
    machine = _whole()
    machine.pace = 2
    machine.on(RunStarted(), START)
    assert not machine.has_more
    machine.on(Marked((key("a"),), S.SUCCESS), START)
    assert machine.has_more
    ready = [k for k, ti in machine.tis.items() if ti.state is S.SCHEDULED]
    machine.on(Marked((ready[0],), S.SUCCESS), START)
    assert len([ti for ti in machine.tis.values() if ti.state is S.SCHEDULED]) == len(ready) - 1
    while machine.has_more:
        assert len(machine.on(Continued(), START).changes) <= 2
    assert len([ti for ti in machine.tis.values() if ti.state is S.SCHEDULED]) == 4
