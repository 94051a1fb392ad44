"""The smaller pure decisions: plans, clear selection, the past, runs to create and start."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from tests.unit.machine.build import START, dag, key, task

from slipstream.machine.clear import select
from slipstream.machine.dagrun import QueuedRun, due, startable
from slipstream.machine.event import TIKey
from slipstream.machine.past import PreviousRun, affected, asks_past, satisfied_tasks
from slipstream.machine.plan import SpecError, compile_plan
from slipstream.state import TaskInstanceState as S
from slipstream.timetable.base import DataInterval, Window
from slipstream.timetable.build import build

DAY = timedelta(days=1)


class TestPlan:
    def test_tasks_are_sorted_topologically_whatever_the_specs_order(self) -> None:
        plan = compile_plan(dag(task("c"), task("b", "c"), task("a", "b")))
        assert [t.task_id for t in plan.tasks] == ["a", "b", "c"]

    @pytest.mark.parametrize(
        ("tasks", "message"),
        [
            ([task("a", "b"), task("b", "a")], "cycle among a, b"),
            ([task("a", "nowhere")], "does not exist"),
            ([task("a"), task("a")], "two tasks of one id"),
            (
                [task("a", mapped={"kind": "expand", "by": {"x": {"xcom": ["b", "k"]}}})],
                "maps over unknown task 'b'",
            ),
        ],
    )
    def test_a_bad_spec_is_refused_in_words(self, tasks: list, message: str) -> None:
        with pytest.raises(SpecError, match=message):
            compile_plan(dag(*tasks))

    def test_a_newer_format_is_refused(self) -> None:
        with pytest.raises(SpecError, match="upgrade"):
            compile_plan({**dag(), "spec": 99})

    def test_2000_tasks_with_20000_edges_compile_fast(self) -> None:
        n = 2000
        tasks = [
            task(
                f"t{i}",
                *{f"t{min(n - 1, i + 1 + (k * k * 7) % 400)}" for k in range(10)} - {f"t{i}"},
            )
            for i in range(n)
        ]
        began = time.process_time()
        plan = compile_plan(dag(*tasks))
        assert time.process_time() - began < 1
        assert plan.task("t0").priority_weight == n


class TestClear:
    plan = compile_plan(
        dag(
            task("s", "w1", "t", is_setup=True),
            task("w1", "w2"),
            task("w2", "t"),
            task("t", "after", is_teardown=True),
            task("after"),
            task("other"),
        )
    )
    states = {key(t): S.SUCCESS for t in ("s", "w1", "w2", "t", "after", "other")}

    def chosen(self, *args: object, **flags: bool) -> list[str]:
        return [k.task_id for k in select(self.plan, self.states, *args, **flags)]  # type: ignore[arg-type]

    def test_a_task_takes_its_setups_and_teardowns_along(self) -> None:
        assert self.chosen(["w2"]) == ["s", "w2", "t"]

    def test_downstream_and_upstream(self) -> None:
        assert self.chosen(["w1"], downstream=True) == ["s", "w1", "w2", "t", "after"]
        assert self.chosen(["w2"], upstream=True) == ["s", "w1", "w2", "t"]

    def test_a_setup_takes_its_teardown_along(self) -> None:
        assert self.chosen(["s"]) == ["s", "t"]
        assert self.chosen(["t"]) == ["t"]

    def test_the_whole_run_and_filters(self) -> None:
        assert len(self.chosen()) == 6
        states = {**self.states, key("w1"): S.FAILED, key("w2"): S.UPSTREAM_FAILED}
        states[key("other")] = S.RUNNING
        assert select(self.plan, states, only_failed=True) == [key("w1"), key("w2")]
        assert select(self.plan, states, only_running=True) == [key("other")]

    def test_one_mapped_instance(self) -> None:
        plan = compile_plan(dag(task("m", mapped={"kind": "expand", "by": {"x": [1, 2]}})))
        states = {TIKey("m", 0): None, TIKey("m", 1): None}
        assert select(plan, states, [("m", 1)]) == [TIKey("m", 1)]

    def test_an_unknown_task_is_an_error(self) -> None:
        with pytest.raises(KeyError):
            self.chosen(["gone"])


class TestPast:
    plan = compile_plan(
        dag(
            task("a", "b", depends_on_past=True),
            task("b"),
            task("w", "x", wait_for_downstream=True),
            task("x"),
            task("i", depends_on_past=True, ignore_first_depends_on_past=True),
        )
    )

    def asked(self, **states: list[S | None]) -> frozenset[str]:
        return satisfied_tasks(self.plan, PreviousRun(START, states), seen_before=["a"])

    def test_the_first_run_is_free(self) -> None:
        assert satisfied_tasks(self.plan, None) == {"a", "w", "i"}
        assert asks_past(self.plan)

    def test_success_and_skip_allow_failure_and_unfinished_do_not(self) -> None:
        assert "a" in self.asked(a=[S.SUCCESS, S.SKIPPED])
        assert "a" not in self.asked(a=[S.SUCCESS, S.FAILED])
        assert "a" not in self.asked(a=[None])
        assert "a" not in self.asked()

    def test_wait_for_downstream_looks_one_step_further(self) -> None:
        assert "w" in self.asked(w=[S.SUCCESS], x=[S.SUCCESS])
        assert "w" not in self.asked(w=[S.SUCCESS], x=[S.RUNNING])

    def test_the_first_instance_may_ignore_its_missing_past(self) -> None:
        assert "i" in self.asked()
        previous = PreviousRun(START, {})
        assert "i" not in satisfied_tasks(self.plan, previous, seen_before=["i"])

    def test_the_first_of_a_backfill_is_free(self) -> None:
        previous = PreviousRun(START, {"a": [S.FAILED]})
        assert "a" in satisfied_tasks(self.plan, previous, first_of_backfill=True)

    def test_which_changes_matter_for_the_next_run(self) -> None:
        assert affected(self.plan, [key("b")]) == frozenset()
        assert affected(self.plan, [key("a"), key("x"), key("gone")]) == {"a", "w"}


class TestRunsDue:
    daily = build({"type": "cron_trigger", "args": {"expression": "0 0 * * *"}}, "UTC")

    def test_catchup_creates_what_was_missed_up_to_the_limit(self) -> None:
        window = Window(START, None, True)
        now = START + 5 * DAY + timedelta(hours=1)
        found = due(self.daily, window, last=None, n_active=1, max_active_runs=4, now=now)
        assert [r.run_after for r in found.create] == [START, START + DAY, START + 2 * DAY]
        assert found.create[0].run_id == "scheduled__2026-01-01T00:00:00+00:00"
        assert found.held
        assert found.next is not None
        assert found.next.run_after == START + 3 * DAY

    def test_the_next_one_is_a_timer(self) -> None:
        window = Window(START, None, True)
        last = DataInterval.exact(START)
        found = due(self.daily, window, last=last, n_active=0, max_active_runs=4, now=START)
        assert (found.create, found.held) == ([], False)
        assert found.next is not None
        assert found.next.run_after == START + DAY

    def test_without_catchup_only_the_newest_is_made(self) -> None:
        window = Window(START, None, False)
        now = START + 5 * DAY + timedelta(hours=1)
        found = due(self.daily, window, last=None, n_active=0, max_active_runs=4, now=now)
        assert [r.run_after for r in found.create] == [START + 5 * DAY]

    def test_no_run_is_made_after_the_end(self) -> None:
        window = Window(START, START + DAY, True)
        found = due(
            self.daily, window, last=None, n_active=0, max_active_runs=16, now=START + 9 * DAY
        )
        assert len(found.create) == 2
        assert found.next is None

    def test_one_turn_makes_a_bounded_number(self) -> None:
        window = Window(START, None, True)
        found = due(
            self.daily,
            window,
            last=None,
            n_active=0,
            max_active_runs=1000,
            now=START + 500 * DAY,
            at_most=7,
        )
        assert len(found.create) == 7
        assert not found.held

    def test_queued_runs_start_oldest_first_within_their_own_limits(self) -> None:
        queued = [
            QueuedRun(3, "d", START + DAY, 2),
            QueuedRun(1, "d", START, 2),
            QueuedRun(2, "d", START, 2),
            QueuedRun(4, "d", START, 1, backfill_id=7),
            QueuedRun(5, "d", START + 2 * DAY, 9),
        ]
        started = startable(queued, {("d", None): 1}, START + DAY)
        assert [r.dag_run_pk for r in started] == [1, 4]
