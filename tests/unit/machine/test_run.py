"""What a run does, one behaviour at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.unit.machine.build import START, Driver, dag, key, task

from slipstream.attempt import RESUME_TO_FAIL, Outcome
from slipstream.errors import InvalidTransition
from slipstream.machine.event import (
    Admitted,
    Cleared,
    Deleted,
    Finished,
    HandedBack,
    HostLost,
    Marked,
    PastChanged,
    PlanChanged,
    RunMarked,
    RunStarted,
    RunTimedOut,
    Started,
    TIKey,
    TimerDue,
    TriggerFired,
)
from slipstream.machine.plan import compile_plan
from slipstream.machine.run import RunMachine
from slipstream.state import DagRunState, DagRunType
from slipstream.state import TaskInstanceState as S


def chain(**fields: object) -> Driver:
    return Driver(dag(task("a", "b"), task("b", "c"), task("c"), **fields))


def test_a_chain_runs_one_after_the_other() -> None:
    r = chain()
    assert r.states() == {"a": S.SCHEDULED, "b": None, "c": None}
    assert r.run("a").ready == [key("b")]
    assert r.run("b").ready == [key("c")]
    d = r.run("c")
    assert r.run_state is DagRunState.SUCCESS
    assert d.run == {"state": DagRunState.SUCCESS, "end_date": r.now}


def test_a_decision_holds_only_the_columns_that_changed() -> None:
    r = chain()
    r.start("a")
    r.wait(5)
    d = r.end("a")
    assert d.changes[key("a")].values == {"state": S.SUCCESS, "end_date": r.now}
    assert d.changes[key("b")].values == {"state": S.SCHEDULED, "scheduled_at": r.now}


def test_an_empty_dag_succeeds_at_once() -> None:
    assert Driver(dag()).run_state is DagRunState.SUCCESS


def test_tasks_without_work_succeed_without_an_attempt() -> None:
    r = Driver(dag(task("a", "b", no_op=True), task("b", "c", no_op=True), task("c")))
    assert r.states() == {"a": S.SUCCESS, "b": S.SUCCESS, "c": S.SCHEDULED}
    assert r.machine.tis[key("a")].try_number == 1


class TestRetries:
    def test_a_failure_waits_its_delay_and_then_tries_again(self) -> None:
        r = Driver(dag(task("a", retries=1, retry_delay_s=60)))
        d = r.run("a", S.FAILED)
        assert d.timers == [(r.now + timedelta(seconds=60), key("a"))]
        assert r.on(TimerDue(key("a"))).ready == []
        r.wait(60)
        assert r.on(TimerDue(key("a"))).ready == [key("a")]
        r.run("a", S.FAILED)
        assert r.state("a") is S.FAILED
        assert r.run_state is DagRunState.FAILED
        assert r.machine.tis[key("a")].try_number == 2

    def test_an_end_before_the_clock_was_set_back_does_not_put_the_retry_off(self) -> None:
        r = Driver(dag(task("a", retries=1, retry_delay_s=60), task("s", retries=1)))
        later = r.now + timedelta(hours=1)
        d = r.run("a", S.FAILED, ended_at=later)
        assert d.timers == [(r.now + timedelta(seconds=60), key("a"))]
        at = later + timedelta(seconds=30)
        d = r.run("s", S.UP_FOR_RESCHEDULE, ended_at=later, reschedule_at=at)
        assert d.timers == [(r.now + timedelta(seconds=30), key("s"))]

    def test_a_failure_that_must_not_be_retried_is_final(self) -> None:
        r = Driver(dag(task("a", retries=5)))
        r.run("a", S.FAILED, retryable=False)
        assert r.state("a") is S.FAILED

    def test_backoff_doubles_within_its_bounds_and_is_the_same_everywhere(self) -> None:
        fields = {"retries": 9, "retry_delay_s": 10, "retry_exponential_backoff": 2.0}
        first, second = (Driver(dag(task("a", **fields))) for _ in range(2))
        for n in range(6):
            delays = []
            for r in (first, second):
                r.run("a", S.FAILED)
                due = r.machine.tis[key("a")].retry_at
                assert due is not None
                delays.append((due - r.now).total_seconds())
                r.now = due
                r.on(TimerDue(key("a")))
            assert delays[0] == delays[1]
            assert 10 * 2**n <= delays[0] < 2 * 10 * 2**n

    def test_backoff_never_passes_its_cap(self) -> None:
        fields = {"retries": 3000, "retry_exponential_backoff": 10.0, "max_retry_delay_s": 90}
        r = Driver(dag(task("a", **fields)))
        ti = r.machine.tis[key("a")]
        ti.try_number = 2000
        r.run("a", S.FAILED)
        assert ti.retry_at == r.now + timedelta(seconds=90)

    def test_a_lost_host_costs_a_try_and_names_the_callback_nobody_ran(self) -> None:
        r = Driver(dag(task("a", retries=1, callbacks=["retry", "failure"])))
        d = r.on(HostLost(key("a"), r.start("a"), "the host vanished"))
        assert r.state("a") is S.UP_FOR_RETRY
        assert [(c.kind, c.reason) for c in d.callbacks] == [("task_retry", "the host vanished")]
        assert d.story[0].kind == "host_lost"
        r.wait(300)
        r.on(TimerDue(key("a")))
        d = r.on(HostLost(key("a"), r.start("a"), "again"))
        assert r.state("a") is S.FAILED
        assert d.callbacks[0].kind == "task_failure"

    def test_a_process_that_ran_its_callbacks_leaves_none_due(self) -> None:
        r = Driver(dag(task("a", callbacks=["failure"])))
        assert r.run("a", S.FAILED).callbacks == []

    def test_what_is_handed_back_costs_no_try(self) -> None:
        r = Driver(dag(task("a")))
        d = r.on(HandedBack(key("a"), r.admit("a")))
        assert d.ready == [key("a")]
        assert r.machine.tis[key("a")].try_number == 0
        r.run("a")
        assert r.machine.tis[key("a")].try_number == 1

    def test_a_retry_does_not_run_when_its_upstream_failed_meanwhile(self) -> None:
        r = Driver(dag(task("a", "b"), task("b", retries=3)))
        r.run("a")
        r.start("b")
        r.on(Marked((key("a"),), S.FAILED))
        r.end("b", S.FAILED)
        assert r.state("b") is S.UPSTREAM_FAILED


class TestReschedulesAndDeferrals:
    def test_a_reschedule_costs_no_try_and_keeps_the_start(self) -> None:
        r = Driver(dag(task("s")))
        started = r.now
        for n in range(3):
            at = r.now + timedelta(seconds=30)
            r.run("s", S.UP_FOR_RESCHEDULE, reschedule_at=at, started_at=r.now)
            assert r.machine.tis[key("s")].reschedule_count == n + 1
            r.now = at
            assert r.on(TimerDue(key("s"))).ready == [key("s")]
        r.run("s", started_at=r.now)
        ti = r.machine.tis[key("s")]
        assert (ti.try_number, ti.start_date) == (1, started)

    def test_a_failure_after_reschedules_ends_the_try(self) -> None:
        r = Driver(dag(task("s", retries=1, retry_delay_s=0)))
        r.run("s", S.UP_FOR_RESCHEDULE, reschedule_at=r.now)
        r.run("s", S.FAILED)
        r.start("s")
        ti = r.machine.tis[key("s")]
        assert (ti.try_number, ti.reschedule_count) == (2, 0)

    def test_a_deferred_task_resumes_in_the_same_try(self) -> None:
        r = Driver(dag(task("a")))
        r.run("a", S.DEFERRED, defer={"trigger": "t"})
        ti = r.machine.tis[key("a")]
        d = r.on(TriggerFired(key("a"), ti.attempt_id, "resume", {"x": 1}))
        assert d.ready == [key("a")]
        assert ti.deferral == {"trigger": "t", "next_method": "resume", "next_kwargs": {"x": 1}}
        r.run("a")
        assert (ti.try_number, ti.deferral, r.run_state) == (1, None, DagRunState.SUCCESS)

    def test_a_trigger_of_an_earlier_deferral_resumes_nothing(self) -> None:
        r = Driver(dag(task("a")))
        r.run("a", S.DEFERRED, defer={"trigger": "t"})
        first = r.machine.tis[key("a")].attempt_id
        r.on(TriggerFired(key("a"), first, "resume", {}))
        r.run("a", S.DEFERRED, defer={"trigger": "t"})
        assert r.on(TriggerFired(key("a"), first, "resume", {})).refused is not None
        assert r.state("a") is S.DEFERRED

    def test_a_deferral_that_takes_too_long_resumes_to_fail(self) -> None:
        r = Driver(dag(task("a", retries=1)))
        r.run("a", S.DEFERRED, defer={"trigger": "t", "timeout_s": 60})
        ti = r.machine.tis[key("a")]
        assert ti.retry_at == r.now + timedelta(seconds=60)
        early = r.on(TimerDue(key("a")))
        assert (early.timers, r.state("a")) == ([(ti.retry_at, key("a"))], S.DEFERRED)
        r.now = ti.retry_at
        assert r.on(TimerDue(key("a"))).ready == [key("a")]
        assert (ti.deferral["next_method"], ti.retry_at) == (RESUME_TO_FAIL, None)
        r.run("a", S.FAILED)
        assert (r.state("a"), ti.deferral) == (S.UP_FOR_RETRY, None)

    def test_the_time_of_an_earlier_deferral_does_not_end_one_without(self) -> None:
        r = Driver(dag(task("a")))
        r.run("a", S.DEFERRED, defer={"timeout_s": 60})
        r.on(TriggerFired(key("a"), r.machine.tis[key("a")].attempt_id, "resume", {}))
        r.run("a", S.DEFERRED, defer={"timeout_s": None})
        r.now += timedelta(seconds=60)
        assert r.on(TimerDue(key("a"))).refused is not None
        assert r.state("a") is S.DEFERRED

    def test_a_deferral_keeps_its_time_when_the_run_is_read_anew(self) -> None:
        r = Driver(dag(task("a")))
        r.run("a", S.DEFERRED, defer={"timeout_s": 60})
        machine, d = r.restored()
        assert d.timers == [(machine.tis[key("a")].retry_at, key("a"))]

    def test_a_trigger_may_end_its_task(self) -> None:
        r = Driver(dag(task("a", retries=1)))
        r.run("a", S.DEFERRED, defer={})
        r.on(TriggerFired(key("a"), r.machine.tis[key("a")].attempt_id, "", {}, S.FAILED))
        assert r.state("a") is S.UP_FOR_RETRY


class TestFencing:
    def test_messages_about_another_attempt_are_refused(self) -> None:
        r = Driver(dag(task("a")))
        r.start("a")
        stale = Outcome(attempt_id="other", state=S.SUCCESS)
        for event in (
            Started(key("a"), "other", r.now),
            Finished(key("a"), stale),
            HostLost(key("a"), "other", "x"),
            HandedBack(key("a"), "other"),
        ):
            d = r.on(event)
            assert d.refused
            assert d.is_empty
        assert r.state("a") is S.RUNNING

    def test_an_outcome_is_applied_once(self) -> None:
        r = Driver(dag(task("a", retries=3)))
        attempt_id = r.start("a")
        outcome = Outcome(attempt_id=attempt_id, state=S.FAILED, ended_at=r.now)
        r.on(Finished(key("a"), outcome))
        assert r.on(Finished(key("a"), outcome)).refused

    def test_an_end_may_overtake_its_start(self) -> None:
        r = Driver(dag(task("a")))
        attempt_id = r.admit("a")
        r.end("a", started_at=r.now)
        assert r.on(Started(key("a"), attempt_id, r.now)).refused
        assert r.machine.tis[key("a")].start_date == r.now

    def test_an_impossible_event_tells_the_story(self) -> None:
        r = Driver(dag(task("a")))
        r.start("a")
        with pytest.raises(InvalidTransition, match=r"Admitted cannot happen to a\[-1\].*running"):
            r.machine.on(Admitted(key("a"), "x"), r.now)
        with pytest.raises(InvalidTransition, match="cannot start"):
            r.machine.on(RunStarted(), r.now)


class TestBranches:
    def diamond(self, rule: str = "none_failed_min_one_success") -> Driver:
        return Driver(
            dag(task("br", "x", "y"), task("x", "z"), task("y", "z"), task("z", trigger_rule=rule))
        )

    def test_what_a_branch_did_not_choose_is_skipped_at_once(self) -> None:
        r = self.diamond()
        d = r.run("br", skip=["y"])
        assert r.state("y") is S.SKIPPED
        assert d.ready == [key("x")]
        r.run("x")
        assert r.state("z") is S.SCHEDULED

    def test_the_decision_holds_when_the_skipped_task_is_cleared(self) -> None:
        r = self.diamond()
        r.run("br", skip=["y"])
        r.run("x")
        r.on(Cleared((key("y"),)))
        assert r.state("y") is S.SKIPPED

    def test_a_cleared_branch_decides_anew(self) -> None:
        r = self.diamond()
        r.run("br", skip=["y"])
        r.on(Cleared((key("br"), key("x"), key("y"))))
        assert r.states() == {"br": S.SCHEDULED, "x": None, "y": None, "z": None}
        r.run("br", skip=["x"])
        assert r.states() == {"br": S.SUCCESS, "x": S.SKIPPED, "y": S.SCHEDULED, "z": None}

    def test_skips_spread_by_trigger_rule(self) -> None:
        r = self.diamond("all_success")
        r.run("br", skip=["y"])
        assert r.state("z") is S.SKIPPED

    def test_a_short_circuit_skips_far_tasks_but_none_that_ran(self) -> None:
        r = Driver(dag(task("sc", "x"), task("x", "z"), task("z"), task("free", "z")))
        r.start("free")
        r.run("sc", skip=["x", "z", "free"])
        assert r.states() == {
            "sc": S.SUCCESS,
            "x": S.SKIPPED,
            "z": S.SKIPPED,
            "free": S.RUNNING,
        }


class TestVerdict:
    def test_leaves_decide(self) -> None:
        r = Driver(dag(task("a", "b"), task("b", trigger_rule="all_done")))
        r.run("a", S.FAILED)
        r.run("b")
        assert r.run_state is DagRunState.SUCCESS

    def test_all_skipped_is_success(self) -> None:
        r = Driver(dag(task("a", "b"), task("b")))
        r.run("a", S.SKIPPED)
        assert r.state("b") is S.SKIPPED
        assert r.run_state is DagRunState.SUCCESS

    def test_a_failed_teardown_does_not_fail_the_run_unless_told_to(self) -> None:
        for flag, expected in ((False, DagRunState.SUCCESS), (True, DagRunState.FAILED)):
            r = Driver(
                dag(
                    task("s", "w", "t", is_setup=True),
                    task("w", "t"),
                    task("t", is_teardown=True, on_failure_fail_dagrun=flag),
                )
            )
            r.run("s")
            r.run("w")
            r.run("t", S.FAILED)
            assert r.run_state is expected

    def test_a_run_that_can_never_go_on_is_deadlocked(self) -> None:
        spec = dag(
            task("late", "b", start_date="2030-01-01T00:00:00+00:00"),
            task("b"),
            callbacks=["failure"],
        )
        r = Driver(spec, start=False, logical_date=START)
        d = r.on(RunStarted())
        assert (r.run_state, r.states()) == (DagRunState.FAILED, {"b": None})
        assert d.callbacks[0].reason == "all_tasks_deadlocked"

    def test_a_run_before_the_start_date_of_the_dag_has_no_instances(self) -> None:
        spec = dag(task("a"), start_date="2030-01-01T00:00:00+00:00")
        r = Driver(spec, logical_date=START)
        assert (r.run_state, r.states()) == (DagRunState.SUCCESS, {})
        assert Driver(spec).states() == {"a": S.SCHEDULED}

    def test_no_run_is_deadlocked_while_it_may_wait_for_another(self) -> None:
        late = task("late", "b", start_date="2030-01-01T00:00:00+00:00")
        for waits in ({"depends_on_past": True}, {"max_active_tis_per_dag": 1}):
            r = Driver(dag(late, task("b", **waits)), logical_date=START)
            assert r.run_state is DagRunState.RUNNING

    def test_callbacks_of_the_run_name_the_cause(self) -> None:
        r = Driver(dag(task("a", "b"), task("b"), callbacks=["failure", "success"]))
        d = r.run("a", S.FAILED)
        assert [(c.kind, c.key, c.reason) for c in d.callbacks] == [
            ("dag_failure", key("a"), "task_failure")
        ]

    def test_fail_fast_stops_the_rest_but_teardowns(self) -> None:
        r = Driver(
            dag(
                task("s", "a", "b", "t", is_setup=True),
                task("a", "t"),
                task("b", "c"),
                task("c", "t"),
                task("t", is_teardown=True),
                fail_fast=True,
            )
        )
        r.run("s")
        running = r.start("b")
        d = r.run("a", S.FAILED)
        assert r.states() == {
            "s": S.SUCCESS,
            "a": S.FAILED,
            "b": S.FAILED,
            "c": S.SKIPPED,
            "t": S.SCHEDULED,
        }
        assert list(d.cancel) == [running]

    def test_a_timed_out_run_fails_and_skips_the_rest(self) -> None:
        r = chain(dagrun_timeout_s=60, callbacks=["failure"])
        attempt_id = r.start("a")
        assert r.machine.times_out_at == START + timedelta(seconds=60)
        d = r.on(RunTimedOut())
        assert set(r.states().values()) == {S.SKIPPED}
        assert (list(d.cancel), d.callbacks[0].reason) == ([attempt_id], "timed_out")
        assert r.run_state is DagRunState.FAILED
        assert r.on(RunTimedOut()).refused


class TestClear:
    def test_it_reopens_an_ended_run(self) -> None:
        r = chain()
        for t in "abc":
            r.run(t)
        d = r.on(Cleared((key("b"), key("c")), by="me"))
        assert r.run_state is DagRunState.QUEUED
        assert d.run["clear_number"] == 1
        assert d.ready == []
        assert r.on(RunStarted()).ready == [key("b")]

    def test_it_gives_all_retries_again(self) -> None:
        r = Driver(dag(task("a", retries=2, retry_delay_s=0)))
        for _ in range(3):
            r.run("a", S.FAILED)
        ti = r.machine.tis[key("a")]
        assert (ti.state, ti.try_number, ti.max_tries) == (S.FAILED, 3, 2)
        r.on(Cleared((key("a"),)))
        assert ti.max_tries == 5
        r.on(RunStarted())
        for _ in range(3):
            r.run("a", S.FAILED)
        assert (ti.state, ti.try_number) == (S.FAILED, 6)

    def test_a_running_task_restarts_when_its_process_is_gone(self) -> None:
        r = chain()
        attempt_id = r.start("a")
        d = r.on(Cleared((key("a"),)))
        assert (r.state("a"), list(d.cancel)) == (S.RESTARTING, [attempt_id])
        d = r.on(HostLost(key("a"), attempt_id, "killed"))
        assert d.ready == [key("a")]
        assert d.closed == {attempt_id: S.FAILED}
        r.run("a")
        assert r.machine.tis[key("a")].try_number == 2

    def test_even_a_success_that_was_under_way_restarts(self) -> None:
        r = chain()
        r.start("a")
        r.on(Cleared((key("a"),)))
        assert r.end("a").ready == [key("a")]

    def test_a_queued_task_is_taken_back_without_costing_a_try(self) -> None:
        r = chain()
        attempt_id = r.admit("a")
        d = r.on(Cleared((key("a"),)))
        assert (list(d.cancel), d.closed, d.ready) == ([attempt_id], {attempt_id: None}, [key("a")])
        assert r.machine.tis[key("a")].try_number == 0

    def test_what_was_scheduled_below_stays_scheduled(self) -> None:
        r = chain()
        r.run("a")
        r.on(Cleared((key("a"),)))
        assert r.states() == {"a": S.SCHEDULED, "b": S.SCHEDULED, "c": None}

    def test_unknown_keys_are_ignored(self) -> None:
        assert chain().on(Cleared((key("gone"),))).is_empty


class TestDelete:
    def test_a_run_that_goes_on_begins_it_anew(self) -> None:
        r = chain()
        attempt_id = r.start("a")
        d = r.on(Deleted((key("a"), key("gone")), by="me"))
        assert (list(d.cancel), d.closed) == ([attempt_id], {attempt_id: None})
        assert (d.forgotten, d.ready) == ([key("a")], [key("a")])
        assert d.changes[key("a")].is_new
        late = Outcome(attempt_id=attempt_id, state=S.SUCCESS, ended_at=r.now)
        assert r.on(Finished(key("a"), late)).refused is not None
        assert r.machine.tis[key("a")].try_number == 0
        for t in "abc":
            r.run(t)
        assert r.run_state is DagRunState.SUCCESS

    def test_what_was_decided_in_the_same_turn_does_not_outlive_it(self) -> None:
        r = chain()
        d = r.machine.on(Admitted(key("a"), "x"), r.now)
        d.merge(r.machine.on(Deleted((key("a"),)), r.now))
        change = d.changes[key("a")]
        assert change.is_new
        assert (change.values["state"], change.values["try_number"]) == (S.SCHEDULED, 0)

    def test_a_gap_among_mapped_ones_is_filled_when_the_run_is_loaded(self) -> None:
        spec = dag(task("m", mapped={"kind": "expand", "by": {"x": [1, 2, 3]}}))
        r = Driver(spec)
        rows = [row for row in r.db.load() if row.map_index != 1]
        facts = replace(r.facts, state=DagRunState.RUNNING, start_date=r.now)
        machine, d = RunMachine.restore(r.plan, facts, rows, r.now)
        machine.validate_state()
        assert [ti.map_index for ti in machine.by_task[0]] == [0, 1, 2]
        assert d.changes[TIKey("m", 1)].is_new


class TestMarks:
    def test_success_lets_the_downstream_go(self) -> None:
        r = chain()
        attempt_id = r.start("a")
        d = r.on(Marked((key("a"),), S.SUCCESS))
        assert (list(d.cancel), d.ready, d.closed) == (
            [attempt_id],
            [key("b")],
            {attempt_id: S.SUCCESS},
        )
        assert r.on(HostLost(key("a"), attempt_id, "killed")).refused

    def test_what_failed_below_gets_another_chance_and_reopens_the_run(self) -> None:
        r = chain()
        r.run("a", S.FAILED)
        assert r.run_state is DagRunState.FAILED
        r.on(Marked((key("a"),), S.SUCCESS))
        assert r.run_state is DagRunState.QUEUED
        assert r.on(RunStarted()).ready == [key("b")]

    def test_the_last_one_ends_the_run(self) -> None:
        r = chain()
        r.run("a")
        r.run("b")
        r.on(Marked((key("c"),), S.FAILED))
        assert r.run_state is DagRunState.FAILED

    @pytest.mark.parametrize("state", [DagRunState.SUCCESS, DagRunState.FAILED])
    def test_a_marked_run_settles_what_is_unfinished(self, state: DagRunState) -> None:
        r = Driver(dag(task("a", "c"), task("b", "c"), task("c"), callbacks=["failure", "success"]))
        attempt_id = r.start("a")
        d = r.on(RunMarked(state))
        assert r.states() == {"a": state.value, "b": S.SKIPPED, "c": S.SKIPPED}
        assert (r.run_state, list(d.cancel), d.callbacks) == (state, [attempt_id], [])

    def test_a_marked_run_goes_on_until_its_teardown_is_done(self) -> None:
        r = Driver(
            dag(
                task("s", "w", "t", is_setup=True),
                task("w", "t"),
                task("t", is_teardown=True),
            )
        )
        r.run("s")
        r.start("w")
        r.on(RunMarked(DagRunState.FAILED))
        assert r.states() == {"s": S.SUCCESS, "w": S.FAILED, "t": S.SCHEDULED}
        assert r.run_state is DagRunState.RUNNING
        r.run("t")
        assert r.run_state is DagRunState.FAILED


class TestPast:
    def test_a_task_waits_for_its_past(self) -> None:
        r = Driver(dag(task("a", depends_on_past=True)))
        assert r.state("a") is None
        assert r.run_state is DagRunState.RUNNING
        assert r.on(PastChanged("a", True)).ready == [key("a")]

    def test_facts_may_say_so_from_the_start(self) -> None:
        r = Driver(dag(task("a", depends_on_past=True)), past_satisfied=frozenset({"a"}))
        assert r.state("a") is S.SCHEDULED

    def test_a_skip_may_wait_for_the_past_too(self) -> None:
        patient = {"depends_on_past": True, "wait_for_past_depends_before_skipping": True}
        r = Driver(dag(task("a", "b"), task("b", **patient)))
        r.run("a", S.SKIPPED)
        assert r.state("b") is None
        r.on(PastChanged("b", True))
        assert r.state("b") is S.SKIPPED

    def test_a_task_outside_its_dates_has_no_instance(self) -> None:
        tasks = (task("a", end_date="2025-01-01T00:00:00+00:00"), task("b"))
        assert Driver(dag(*tasks), logical_date=START).states().keys() == {"b"}
        backfill = Driver(dag(*tasks), logical_date=START, run_type=DagRunType.BACKFILL)
        assert backfill.states().keys() == {"a", "b"}


class TestPlanChanges:
    def test_new_tasks_join_and_gone_ones_are_removed(self) -> None:
        r = Driver(dag(task("a", "old"), task("old", "c"), task("c")))
        r.run("a")
        attempt_id = r.start("old")
        d = r.on(PlanChanged(compile_plan(dag(task("a", "new"), task("new", "c"), task("c")))))
        assert d.changes[key("old")].values["state"] is S.REMOVED
        assert list(d.cancel) == [attempt_id]
        assert r.states() == {"a": S.SUCCESS, "new": S.SCHEDULED, "c": None}
        assert r.on(HostLost(key("old"), attempt_id, "killed")).refused

    def test_a_task_that_returns_starts_fresh(self) -> None:
        before = compile_plan(dag(task("a"), task("b")))
        r = Driver(before)
        r.run("b")
        r.on(PlanChanged(compile_plan(dag(task("a")))))
        assert r.states() == {"a": S.SCHEDULED}
        r.machine, _ = type(r.machine).restore(before, r.facts_now(), r.db.load(), r.now)
        assert r.states() == {"a": S.SCHEDULED, "b": S.SCHEDULED}


class TestWhoEndedIt:
    @pytest.mark.parametrize(
        ("event", "why"),
        [
            (Cleared((key("a"),), by="ann"), "its task instance was cleared by ann"),
            (
                Marked((key("a"),), S.SUCCESS, by="ann"),
                "its task instance was marked success by ann",
            ),
            (Marked((key("a"),), S.FAILED), "its task instance was marked failed"),
            (RunMarked(DagRunState.FAILED, by="ann"), "the run was marked failed by ann"),
            (RunTimedOut(), "the run passed dagrun_timeout"),
        ],
    )
    def test_a_process_is_ended_for_a_reason(self, event: Any, why: str) -> None:
        r = chain()
        attempt_id = r.start("a")
        assert r.on(event).cancel == {attempt_id: why}
