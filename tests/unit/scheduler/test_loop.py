"""The loop: what goes in comes out as rows and workloads."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from tests.unit.scheduler.harness import START, Rig, dag_spec

from slipstream import command
from slipstream.errors import NotFound, StoreUnavailable, UserError
from slipstream.scheduler.service import Scheduler
from slipstream.state import DagRunState, DagRunType, TaskInstanceState
from slipstream.store import Connection, attempt, backfill, dag, inbox, job, pool, run
from slipstream.timetable import NextRun

FAILED = TaskInstanceState.FAILED


def test_a_chain_runs_to_success(rig: Rig) -> None:
    rig.add_dag(dag_spec("chain", {"a": ["b"], "b": ["c"], "c": []}))
    rig.start()
    row = rig.trigger("chain")
    rig.turn()
    assert rig.executor.here() == ["a"]
    assert rig.work() == 3
    assert rig.states(row) == {"a": "success", "b": "success", "c": "success"}
    assert rig.run_state(row) == "success"


def test_a_finished_run_leaves_nothing_in_memory(rig: Rig) -> None:
    rig.add_dag(dag_spec("d", {"a": ["b"], "b": []}))
    rig.start()
    rig.trigger("d")
    rig.work()
    world = rig.scheduler.world
    assert not world.book.active
    assert not world.book.waiting
    assert not world.book.attempts
    assert world.slots.limits.executing == 0
    assert len(world.ready) == 0


def test_a_failed_task_fails_what_is_below_it_and_the_run(rig: Rig) -> None:
    rig.add_dag(dag_spec("d", {"a": ["b"], "b": [], "c": []}))
    rig.start()
    row = rig.trigger("d")
    rig.work(lambda w: FAILED if w.task_id == "a" else TaskInstanceState.SUCCESS)
    assert rig.states(row) == {"a": "failed", "b": "upstream_failed", "c": "success"}
    assert rig.run_state(row) == "failed"


def test_a_retry_waits_for_its_delay(rig: Rig) -> None:
    rig.add_dag(dag_spec("d", {"a": []}, task={"a": {"retries": 1, "retry_delay_s": 60.0}}))
    rig.start()
    row = rig.trigger("d")
    rig.work(lambda w: FAILED)
    assert rig.states(row) == {"a": "up_for_retry"}
    rig.later(59)
    assert rig.executor.here() == []
    rig.later(1.5)
    assert rig.executor.here() == ["a"]
    rig.work()
    assert rig.run_state(row) == "success"


def test_a_wall_clock_set_back_does_not_hold_a_retry_back(rig: Rig) -> None:
    rig.add_dag(dag_spec("d", {"a": []}, task={"a": {"retries": 1, "retry_delay_s": 60.0}}))
    rig.start()
    row = rig.trigger("d")
    rig.work(lambda w: FAILED)
    rig.clock.set_wall_time(START.replace(year=2025))
    rig.later(61)
    rig.work()
    assert rig.run_state(row) == "success"


def test_a_wall_clock_set_ahead_kills_no_worker_host(rig: Rig) -> None:
    rig.add_dag(dag_spec("d", {"a": []}))
    rig.start()
    rig.executor.host_id = rig.store.write(_register_host, rig)
    row = rig.trigger("d")
    rig.turn()
    rig.executor.begin(rig.executor.of("a"))
    rig.turn()
    rig.clock.set_wall_time(START.replace(month=3))
    rig.clock.advance(10)
    rig.turn(3)
    assert rig.states(row) == {"a": "running"}


def _register_host(conn: Connection, rig: Rig) -> str:
    return job.register(conn, job_type="WorkerHost", now=rig.clock.now())


def test_parallelism_holds(rig: Rig) -> None:
    rig.scheduler.world.slots.limits.parallelism = 3
    rig.add_dag(dag_spec("d", {f"t{i}": [] for i in range(8)}))
    rig.start()
    rig.scheduler.world.slots.limits.parallelism = 3
    row = rig.trigger("d")
    rig.turn()
    assert len(rig.executor.workloads) == 3
    assert rig.work() == 8
    assert rig.run_state(row) == "success"


def test_a_pool_holds_and_grows(rig: Rig) -> None:
    rig.store.write(pool.upsert, "narrow", 1, None, False)
    tasks = {f"t{i}": {"pool": "narrow"} for i in range(3)}
    rig.add_dag(dag_spec("d", {t: [] for t in tasks}, task=tasks))
    rig.start()
    row = rig.trigger("d")
    rig.turn()
    assert len(rig.executor.workloads) == 1
    rig.store.write(pool.upsert, "narrow", 3, None, False)
    rig.store.write(
        lambda conn: inbox.post(conn, target="scheduler", kind="pool_changed", now=START)
    )
    rig.later(1)
    assert len(rig.executor.workloads) == 3
    rig.work()
    assert rig.run_state(row) == "success"


def test_queued_runs_start_in_order_as_max_active_runs_allows(rig: Rig) -> None:
    rig.add_dag(dag_spec("d", {"a": []}, max_active_runs=1))
    rig.start()
    first = rig.trigger("d")
    rig.clock.advance(1)
    second = rig.trigger("d")
    rig.turn()
    assert (rig.run_state(first), rig.run_state(second)) == ("running", "queued")
    rig.work(at_most=1)
    assert (rig.run_state(first), rig.run_state(second)) == ("success", "running")


def test_a_run_waits_for_its_run_after(rig: Rig) -> None:
    rig.add_dag(dag_spec("d", {"a": []}))
    rig.start()
    row = rig.trigger("d", run_after=START.replace(hour=1))
    rig.turn()
    assert rig.run_state(row) == "queued"
    rig.later(3600.1)
    assert rig.run_state(row) == "running"


def test_a_paused_dag_starts_nothing_and_goes_on_when_unpaused(rig: Rig) -> None:
    rig.add_dag(dag_spec("d", {"a": ["b"], "b": []}))
    rig.start()
    row = rig.trigger("d")
    rig.turn()
    command.set_paused(rig.store, rig.clock, wait_s=0, dag_id="d", paused=True)
    rig.work()
    assert rig.states(row) == {"a": "success", "b": "scheduled"}
    rig.clock.advance(1)
    waiting = rig.trigger("d")
    rig.turn()
    assert rig.run_state(waiting) == "queued"
    command.set_paused(rig.store, rig.clock, wait_s=0, dag_id="d", paused=False)
    rig.work()
    assert rig.run_state(row) == rig.run_state(waiting) == "success"


def test_catchup_creates_every_run_once(rig: Rig) -> None:
    spec = dag_spec(
        "daily",
        {"a": []},
        timetable={"type": "cron_data_interval", "args": {"expression": "0 0 * * *"}},
        start_date="2025-12-22T00:00:00+00:00",
        catchup=True,
        max_active_runs=3,
    )
    rig.add_dag(spec)
    rig.start()
    rig.turn()
    assert len(rig.scheduler.world.book.active) == 3
    rig.work()
    with rig.store.read() as conn:
        runs = run.list_by_logical_date(conn, "daily")
        row = dag.get(conn, "daily")
    assert [r.logical_date.day for r in runs if r.logical_date] == list(range(22, 32))
    assert {r.state for r in runs} == {"success"}
    assert runs[0].run_id == "scheduled__2025-12-23T00:00:00+00:00"
    assert row is not None
    assert row.next_run_after == START.replace(day=2)
    rig.later(86400.1)
    assert rig.executor.here() == ["a"]


def test_without_catchup_only_the_newest_interval_runs(rig: Rig) -> None:
    timetable = {"type": "cron_data_interval", "args": {"expression": "0 0 * * *"}}
    rig.add_dag(
        dag_spec("d", {"a": []}, timetable=timetable, start_date="2025-01-01T00:00:00+00:00")
    )
    rig.start()
    rig.work()
    with rig.store.read() as conn:
        runs = run.list_by_logical_date(conn, "d")
    assert [r.logical_date for r in runs] == [START.replace(year=2025, month=12, day=31)]


def test_once_runs_once(rig: Rig) -> None:
    rig.add_dag(
        dag_spec("d", {"a": []}, timetable={"type": "once"}, start_date="2025-01-01T00:00:00+00:00")
    )
    rig.start()
    assert rig.work() == 1
    rig.later(86400)
    assert rig.work() == 0


def test_continuous_runs_again_when_it_has_ended(rig: Rig) -> None:
    rig.add_dag(
        dag_spec(
            "d",
            {"a": []},
            timetable={"type": "continuous"},
            start_date="2025-01-01T00:00:00+00:00",
            max_active_runs=1,
        )
    )
    rig.start()
    rig.turn()
    assert len(rig.scheduler.world.book.active) == 1
    for _ in range(3):
        rig.clock.advance(5)
        rig.work(at_most=1)
    with rig.store.read() as conn:
        states = [r.state for r in run.list_by_logical_date(conn, "d")]
    assert states[:2] == ["success", "success"]


def test_continuous_runs_that_end_at_once_are_a_second_apart(rig: Rig) -> None:
    rig.add_dag(
        dag_spec(
            "d",
            {"a": []},
            timetable={"type": "continuous"},
            start_date="2025-01-01T00:00:00+00:00",
            max_active_runs=1,
        )
    )
    rig.start()
    for _ in range(20):
        rig.clock.advance(0.1)
        rig.work(at_most=5)
    with rig.store.read() as conn:
        runs = run.list_by_logical_date(conn, "d")
    assert len(runs) in (2, 3)
    ends = [r.run_after for r in runs]
    assert all(later - earlier >= timedelta(seconds=1) for earlier, later in pairwise(ends))


def test_dagrun_timeout_fails_the_run_and_ends_its_processes(rig: Rig) -> None:
    rig.add_dag(dag_spec("d", {"a": ["b"], "b": []}, dagrun_timeout_s=60.0))
    rig.start()
    row = rig.trigger("d")
    rig.turn()
    rig.executor.host_id = rig.store.write(_register_host, rig)
    attempt_id = rig.executor.of("a")
    rig.executor.begin(attempt_id)
    rig.turn()
    rig.clock.advance(61)
    rig.store.write(job.heartbeat, [rig.executor.host_id], rig.clock.now())
    rig.turn()
    assert rig.run_state(row) == "failed"
    assert rig.states(row) == {"a": "skipped", "b": "skipped"}
    assert rig.executor.cancelled == [attempt_id]


def test_depends_on_past_waits_for_the_run_before(rig: Rig) -> None:
    rig.add_dag(dag_spec("d", {"a": []}, task={"a": {"depends_on_past": True}}))
    rig.start()
    first = rig.trigger("d", logical_date=START)
    rig.clock.advance(1)
    second = rig.trigger("d", logical_date=START.replace(day=2))
    rig.turn()
    assert rig.states(first) == {"a": "queued"}
    assert rig.states(second) == {"a": None}
    rig.work(at_most=1)
    assert rig.states(second) == {"a": "queued"}


def test_depends_on_past_sees_a_run_that_ended_earlier(rig: Rig) -> None:
    rig.add_dag(dag_spec("d", {"a": []}, task={"a": {"depends_on_past": True}}))
    rig.start()
    rig.trigger("d", logical_date=START)
    rig.work(lambda w: FAILED)
    rig.clock.advance(1)
    second = rig.trigger("d", logical_date=START.replace(day=2))
    rig.turn()
    assert rig.states(second) == {"a": None}
    command.mark_task(
        rig.store,
        rig.clock,
        wait_s=0,
        dag_id="d",
        run_id="manual__2026-01-01T00:00:00+00:00",
        task_id="a",
        state=TaskInstanceState.SUCCESS,
    )
    rig.work()
    assert rig.run_state(second) == "success"


def test_clear_runs_again(rig: Rig) -> None:
    rig.add_dag(dag_spec("d", {"a": ["b"], "b": []}))
    rig.start()
    row = rig.trigger("d")
    rig.work(lambda w: FAILED)
    assert rig.run_state(row) == "failed"
    affected = command.clear(
        rig.store, rig.clock, wait_s=0, dag_id="d", run_id=row.run_id, only_failed=True, by="me"
    )
    assert [(t.task_id, t.state) for t in affected] == [("a", "failed"), ("b", "upstream_failed")]
    rig.work()
    assert rig.run_state(row) == "success"
    assert rig.row(row).clear_number == 1


def test_clear_of_a_running_task_ends_its_process_and_starts_it_anew(rig: Rig) -> None:
    rig.add_dag(dag_spec("d", {"a": []}))
    rig.start()
    row = rig.trigger("d")
    rig.turn()
    old = rig.executor.of("a")
    rig.executor.begin(old)
    rig.turn()
    command.clear(rig.store, rig.clock, wait_s=0, dag_id="d", run_id=row.run_id, task_ids=["a"])
    rig.turn()
    assert rig.executor.cancelled == [old]
    assert rig.states(row) == {"a": "restarting"}
    rig.executor.end(old, FAILED)
    rig.turn()
    new = rig.executor.of("a")
    assert new != old
    rig.work()
    assert rig.run_state(row) == "success"


def test_mark_run_failed_ends_it(rig: Rig) -> None:
    rig.add_dag(dag_spec("d", {"a": ["b"], "b": []}))
    rig.start()
    row = rig.trigger("d")
    rig.turn()
    attempt_id = rig.executor.of("a")
    rig.executor.begin(attempt_id)
    rig.turn()
    command.mark_run(
        rig.store, rig.clock, wait_s=0, dag_id="d", run_id=row.run_id, state=DagRunState.FAILED
    )
    rig.turn()
    assert rig.run_state(row) == "failed"
    assert rig.states(row) == {"a": "failed", "b": "skipped"}
    assert rig.executor.cancelled == [attempt_id]


def test_orders_are_applied_in_place_without_a_scheduler(rig: Rig) -> None:
    rig.add_dag(dag_spec("d", {"a": []}))
    row = rig.trigger("d")
    command.mark_task(
        rig.store,
        rig.clock,
        wait_s=0,
        dag_id="d",
        run_id=row.run_id,
        task_id="a",
        state=TaskInstanceState.SUCCESS,
    )
    assert rig.states(row) == {"a": "success"}
    command.delete_run(rig.store, rig.clock, wait_s=0, dag_id="d", run_id=row.run_id)
    with pytest.raises(NotFound):
        command.clear(rig.store, rig.clock, wait_s=0, dag_id="d", run_id=row.run_id)


def test_delete_run_ends_its_processes(rig: Rig) -> None:
    rig.add_dag(dag_spec("d", {"a": []}))
    rig.start()
    row = rig.trigger("d")
    rig.turn()
    attempt_id = rig.executor.of("a")
    command.delete_run(rig.store, rig.clock, wait_s=0, dag_id="d", run_id=row.run_id)
    rig.turn()
    assert rig.executor.cancelled == [attempt_id]
    with rig.store.read() as conn:
        assert run.get_by_pk(conn, row.id) is None
    assert not rig.scheduler.world.book.active


def test_a_lost_attempt_is_retried_by_the_tasks_own_retries(rig: Rig) -> None:
    rig.add_dag(dag_spec("d", {"a": []}, task={"a": {"retries": 1, "retry_delay_s": 0.0}}))
    rig.start()
    row = rig.trigger("d")
    rig.turn()
    attempt_id = rig.executor.of("a")
    rig.executor.begin(attempt_id)
    rig.turn()
    rig.executor.lose(attempt_id)
    rig.later(1)
    rig.work()
    assert rig.run_state(row) == "success"


def test_what_a_dead_host_had_not_begun_costs_no_try(rig: Rig) -> None:
    rig.add_dag(dag_spec("d", {"a": []}))
    rig.start()
    row = rig.trigger("d")
    rig.turn()
    old = rig.executor.of("a")
    rig.executor.lose(old)
    rig.turn()
    assert rig.executor.workloads[rig.executor.of("a")].try_number == 1
    assert not rig.executor.begin(old)
    rig.work()
    assert rig.run_state(row) == "success"


def test_a_finish_that_the_host_committed_before_it_died_counts(rig: Rig) -> None:
    rig.add_dag(dag_spec("d", {"a": []}))
    rig.start()
    row = rig.trigger("d")
    rig.turn()
    attempt_id = rig.executor.of("a")
    rig.executor.begin(attempt_id, tell=False)
    rig.executor.end(attempt_id, tell=False)
    rig.executor.lose(attempt_id)
    rig.turn()
    assert rig.run_state(row) == "success"


def test_an_attempt_handed_back_costs_no_try(rig: Rig) -> None:
    rig.add_dag(dag_spec("d", {"a": []}))
    rig.start()
    row = rig.trigger("d")
    rig.turn()
    rig.executor.hand_back(rig.executor.of("a"))
    rig.turn()
    assert rig.executor.workloads[rig.executor.of("a")].try_number == 1
    rig.work()
    assert rig.run_state(row) == "success"


def test_an_attempt_that_nobody_can_begin_fails_with_the_reason(rig: Rig) -> None:
    rig.add_dag(dag_spec("d", {"a": []}, task={"a": {"retries": 1, "retry_delay_s": 0.0}}))
    rig.start()
    row = rig.trigger("d")
    rig.turn()
    for _ in range(2):
        rig.executor.refuse(rig.executor.of("a"))
        rig.later(1)
    assert rig.run_state(row) == "failed"
    with rig.store.read() as conn:
        tries = attempt.list_tries(conn, row.id, "a")
    for one in tries:
        assert one.outcome is not None
        assert one.outcome.error == "The worker cannot run it: it has another version"
    assert len(tries) == 2, "its retries count"


def test_an_attempt_that_somebody_refuses_when_it_has_begun_elsewhere_goes_on(rig: Rig) -> None:
    rig.add_dag(dag_spec("d", {"a": []}))
    rig.start()
    row = rig.trigger("d")
    rig.turn()
    attempt_id = rig.executor.of("a")
    rig.executor.begin(attempt_id)
    rig.executor.refuse(attempt_id)
    rig.turn()
    rig.executor.end(attempt_id)
    rig.turn()
    assert rig.run_state(row) == "success"


def test_an_attempt_that_nobody_starts_is_queued_again_and_then_fails(rig: Rig) -> None:
    rig.add_dag(dag_spec("d", {"a": []}))
    rig.start()
    row = rig.trigger("d")
    rig.turn()
    for _ in range(3):
        assert rig.run_state(row) == "running"
        rig.executor.workloads.clear()
        rig.later(700)
    assert rig.run_state(row) == "failed"
    assert len(set(rig.executor.submitted)) == 3


def test_a_broken_run_is_set_aside_and_the_others_go_on(rig: Rig) -> None:
    broken = dag_spec("broken", {"a": ["b"], "b": []})
    rig.add_dag(broken)
    rig.add_dag(dag_spec("good", {"a": ["b"], "b": []}))
    rig.start()
    bad, good = rig.trigger("broken"), rig.trigger("good")
    rig.turn()
    rig.add_dag(dag_spec("broken", {"a": ["b"], "b": ["a"]}))
    rig.turn()
    rig.crash()
    rig.start()
    rig.work()
    assert rig.run_state(good) == "success"
    assert rig.row(bad).quarantined == (
        f"Run {bad.run_id!r} of DAG 'broken' was set aside: DAG 'broken' has a cycle among a, b"
    )
    rig.add_dag(broken)
    rig.work()
    assert rig.row(bad).quarantined is None
    assert rig.run_state(bad) == "success"


def test_a_new_version_changes_a_running_run(rig: Rig) -> None:
    rig.add_dag(dag_spec("d", {"a": ["b"], "b": []}))
    rig.start()
    row = rig.trigger("d")
    rig.turn()
    rig.add_dag(dag_spec("d", {"a": ["b", "c"], "b": [], "c": []}))
    rig.work()
    assert rig.states(row) == {"a": "success", "b": "success", "c": "success"}


def test_failures_in_a_row_pause_the_dag(rig: Rig) -> None:
    rig.add_dag(dag_spec("d", {"a": []}, max_consecutive_failed_dag_runs=2))
    rig.start()
    for _ in range(2):
        rig.clock.advance(1)
        rig.trigger("d")
        rig.work(lambda w: FAILED)
    with rig.store.read() as conn:
        row = dag.get(conn, "d")
    assert row is not None
    assert row.is_paused


def test_after_failures_in_a_row_no_further_run_is_made(rig: Rig) -> None:
    spec = dag_spec(
        "d",
        {"a": []},
        timetable={"type": "cron_data_interval", "args": {"expression": "0 0 * * *"}},
        start_date="2025-12-22T00:00:00+00:00",
        catchup=True,
        max_active_runs=1,
        max_consecutive_failed_dag_runs=2,
    )
    rig.add_dag(spec)
    rig.start()
    rig.work(lambda w: FAILED)
    with rig.store.read() as conn:
        rows = run.list_by_logical_date(conn, "d")
    assert [row.state for row in rows] == ["failed", "failed"]


def test_run_callbacks_are_handed_out_and_survive_a_crash(rig: Rig) -> None:
    rig.add_dag(dag_spec("d", {"a": []}, callbacks=["success"]))
    rig.start()
    rig.trigger("d")
    rig.work()
    assert rig.executor.here() == ["dag_callback:success"]
    rig.crash()
    rig.start()
    rig.turn()
    assert rig.executor.here() == ["dag_callback:success"]
    rig.executor.callback_done(next(iter(rig.executor.workloads)))
    rig.turn()
    rig.crash()
    rig.start()
    rig.turn()
    assert rig.executor.here() == []


@pytest.mark.parametrize("moment", ["queued", "started", "finished"])
def test_a_successor_takes_over(rig: Rig, moment: str) -> None:
    rig.add_dag(
        dag_spec("d", {"a": ["b"], "b": []}, task={"a": {"retries": 1, "retry_delay_s": 0}})
    )
    rig.start()
    row = rig.trigger("d")
    rig.turn()
    old = rig.executor.of("a")
    host = rig.executor
    if moment != "queued":
        host.begin(old, tell=False)
    if moment == "finished":
        host.end(old, tell=False)
    rig.crash()
    rig.start()
    rig.turn()
    expected = {"queued": ["a"], "started": ["a"], "finished": ["b"]}[moment]
    rig.later(1)
    assert rig.executor.here() == expected
    if moment == "queued":
        assert rig.executor.of("a") == old
    rig.work()
    assert rig.run_state(row) == "success"


def test_an_attempt_on_a_live_host_of_a_dead_scheduler_is_waited_for(rig: Rig) -> None:
    rig.add_dag(dag_spec("d", {"a": []}))
    rig.start()
    row = rig.trigger("d")
    rig.turn()
    old, host = rig.executor.of("a"), rig.executor
    host.host_id = rig.store.write(_register_host, rig)
    host.begin(old)
    rig.turn()
    rig.crash()
    rig.store.write(job.heartbeat, [host.host_id], rig.clock.now())
    rig.start()
    rig.turn()
    assert rig.states(row) == {"a": "running"}
    host.end(old, tell=False)
    rig.store.write(
        lambda conn: inbox.post(
            conn,
            target="scheduler",
            kind="attempts_changed",
            payload={"ids": [old]},
            now=rig.clock.now(),
        )
    )
    rig.later(1)
    assert rig.run_state(row) == "success"


def test_a_second_scheduler_on_sqlite_is_refused(rig: Rig) -> None:
    rig.start()
    second = rig._make()
    with pytest.raises(UserError, match="already runs on this database"):
        second.start()


def test_one_scheduler_for_one_run_ignores_pause_and_leaves_the_rest(rig: Rig) -> None:
    rig.add_dag(dag_spec("d", {"a": []}), paused=True)
    other = rig.trigger("d")
    rig.clock.advance(1)
    only = Scheduler(
        rig.store,
        {"MemoryExecutor": rig.executor},
        rig.clock,
        settings=rig.settings,
        only_run=True,
    )
    only.start()
    rig.scheduler = only
    row = rig.trigger("d")
    only.take(row)
    rig.work()
    assert rig.run_state(row) == "success"
    assert rig.run_state(other) == "queued"
    only.stop()


def test_a_backfill_ends_with_its_last_run(rig: Rig) -> None:
    rig.add_dag(dag_spec("d", {"a": []}, max_active_runs=1))
    rig.start()
    new = backfill.NewBackfill(
        dag_id="d",
        from_date=START,
        to_date=START.replace(day=3),
        max_active_runs=2,
    )
    made = rig.store.write(backfill.create, new, rig.clock.now())
    for day in (1, 2, 3):
        rig.trigger(
            "d",
            logical_date=START.replace(day=day),
            run_type=DagRunType.BACKFILL,
            backfill_id=made.id,
            run_after=START.replace(day=day),
        )
    rig.later(5 * 86400)
    assert len(rig.executor.workloads) == 2
    rig.work()
    with rig.store.read() as conn:
        done = backfill.get(conn, made.id)
    assert done is not None
    assert done.completed_at is not None


class Outage:
    """Makes the store's transactions fail as a database that is away does."""

    def __init__(self, rig: Rig, monkeypatch: pytest.MonkeyPatch, *, after_commit: bool) -> None:
        self.is_away = False
        write = rig.store.write

        def faulty(fn, *args, **kwargs):  # type: ignore[no-untyped-def]
            if self.is_away and not after_commit:
                raise StoreUnavailable("away")
            result = write(fn, *args, **kwargs)
            if self.is_away:
                raise StoreUnavailable("away, and nobody knows whether the commit went through")
            return result

        monkeypatch.setattr(rig.store, "write", faulty)


@pytest.mark.parametrize("after_commit", [False, True])
def test_nothing_is_lost_when_the_database_goes_away(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, after_commit: bool
) -> None:
    rig.add_dag(dag_spec("d", {"a": ["b", "c"], "b": [], "c": []}))
    rig.start()
    row = rig.trigger("d")
    rig.turn()
    attempt_id = rig.executor.of("a")
    rig.executor.begin(attempt_id)
    rig.executor.end(attempt_id)
    outage = Outage(rig, monkeypatch, after_commit=after_commit)
    outage.is_away = True
    for _ in range(5):
        rig.scheduler.turn(0)
        rig.clock.advance(3)
    assert rig.executor.here() == []
    outage.is_away = False
    rig.later(3)
    assert sorted(rig.executor.here()) == ["b", "c"]
    rig.work()
    assert rig.run_state(row) == "success"
    assert len(rig.executor.submitted) == len(set(rig.executor.submitted))


def test_a_run_that_the_database_refuses_is_set_aside_alone(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.add_dag(dag_spec("good", {"a": []}))
    rig.add_dag(dag_spec("bad", {"a": []}))
    rig.start()
    good, bad = rig.trigger("good"), rig.trigger("bad")
    rig.turn()
    for attempt_id in list(rig.executor.workloads):
        rig.executor.begin(attempt_id)
        rig.executor.end(attempt_id)
    active = rig.scheduler.world.book.active[bad.id]
    refused = type("Unstorable", (), {})()
    on = active.machine.on

    def broken(event, now):  # type: ignore[no-untyped-def]
        decided = on(event, now)
        for change in decided.changes.values():
            change.values["hostname"] = refused
        return decided

    monkeypatch.setattr(active.machine, "on", broken, raising=False)
    rig.turn()
    rig.work()
    assert rig.run_state(good) == "success"
    assert "was set aside" in (rig.row(bad).quarantined or "")


def test_a_turn_that_fails_is_begun_anew(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.add_dag(dag_spec("d", {"a": ["b"], "b": []}))
    rig.start()
    row = rig.trigger("d")
    rig.turn()
    attempt_id = rig.executor.of("a")
    rig.executor.begin(attempt_id)
    rig.executor.end(attempt_id)
    with monkeypatch.context() as broken:
        broken.setattr("slipstream.scheduler.due.fire", lambda turn: 1 / 0)
        rig.scheduler.turn(0)
    rig.later(1)
    rig.work()
    assert rig.run_state(row) == "success"


def test_a_dag_whose_next_run_cannot_be_made_does_not_stop_the_others(rig: Rig) -> None:
    daily = {"type": "cron_data_interval", "args": {"expression": "0 0 * * *"}}
    since = "2025-12-30T00:00:00+00:00"
    broken = {"type": "cron_data_interval", "args": {"expression": "not cron"}}
    rig.add_dag(dag_spec("bad", {"a": []}, timetable=broken, start_date=since))
    rig.add_dag(dag_spec("good", {"a": []}, timetable=daily, start_date=since))
    rig.store.write(dag.set_next_run, "bad", NextRun.after(START.replace(year=2025), START))
    rig.start()
    rig.work()
    with rig.store.read() as conn:
        assert run.count_by_state(conn, "good") == {"success": 1}
        assert run.count_by_state(conn, "bad") == {}


def test_an_inbox_message_that_makes_no_sense_is_dropped(rig: Rig) -> None:
    rig.add_dag(dag_spec("d", {"a": []}))
    rig.start()
    row = rig.trigger("d")
    rig.turn()
    for kind, payload in (("mark_ti", {"keys": [["a"]]}), ("nonsense", {}), ("clear", {})):
        rig.store.write(
            lambda conn, kind=kind, payload=payload: inbox.post(
                conn,
                target="scheduler",
                kind=kind,
                payload=payload,
                dag_run_pk=row.id,
                now=rig.clock.now(),
            )
        )
    rig.later(1)
    with rig.store.read() as conn:
        assert inbox.is_empty(conn, "scheduler")
    rig.work()
    assert rig.run_state(row) == "success"


def test_a_deleted_dag_takes_its_runs_along(rig: Rig) -> None:
    rig.add_dag(dag_spec("d", {"a": []}, max_active_runs=1))
    rig.start()
    rig.trigger("d")
    rig.clock.advance(1)
    rig.trigger("d")
    rig.turn()
    attempt_id = rig.executor.of("a")
    rig.store.write(dag.delete, "d")
    rig.store.write(
        lambda conn: inbox.post(
            conn, target="scheduler", kind="dag_changed", dag_id="d", now=rig.clock.now()
        )
    )
    rig.later(1)
    assert rig.executor.cancelled == [attempt_id]
    world = rig.scheduler.world
    assert not world.book.active
    assert not world.book.waiting


def test_a_removed_task_gives_its_slots_back(rig: Rig) -> None:
    rig.add_dag(dag_spec("d", {"a": [], "b": []}))
    rig.start()
    row = rig.trigger("d")
    rig.turn()
    assert rig.scheduler.world.slots.limits.executing == 2
    rig.add_dag(dag_spec("d", {"a": []}))
    rig.turn()
    assert rig.states(row) == {"a": "queued", "b": "removed"}
    assert rig.scheduler.world.slots.limits.executing == 1


def test_idle_turns_write_nothing_and_ask_little(rig: Rig) -> None:
    rig.add_dag(dag_spec("d", {"a": []}))
    rig.start()
    rig.turn()
    wrote = 0
    for _ in range(20):
        rig.clock.advance(0.05)
        wrote += rig.scheduler.turn(0).wrote
    assert wrote == 0


def test_the_dag_processor_is_asked_for_the_run_after_one_of_a_custom_timetable(rig: Rig) -> None:
    custom = {"type": "custom", "class_path": "mine.Mine"}
    rig.add_dag(dag_spec("d", {"a": []}, timetable=custom))
    first = NextRun.after(rig.clock.now() - timedelta(hours=7), rig.clock.now())
    rig.store.write(dag.set_next_run, "d", first)
    rig.start()
    rig.turn()
    with rig.store.read() as conn:
        made = run.get(conn, "d", f"scheduled__{first.run_after.isoformat()}")
        *_, asked = inbox.take(conn, "dag_processor", 10)
    assert made is not None
    assert (made.data_interval_start, made.data_interval_end) == first.data_interval
    assert (asked.kind, asked.dag_id) == ("next_run", "d")
    # The form that DagProcessor takes: see test_a_message_has_the_next_run_computed.
    start, end = (at.isoformat() for at in first.data_interval)
    assert asked.payload == {"last": {"start": start, "end": end}}


def test_a_scheduled_run_has_the_id_that_a_custom_timetable_gave_it(rig: Rig) -> None:
    custom = {"type": "custom", "class_path": "mine.Mine", "names_runs": True}
    rig.add_dag(dag_spec("d", {"a": []}, timetable=custom))
    due = NextRun.after(rig.clock.now() - timedelta(hours=7), rig.clock.now())
    rig.store.write(dag.set_next_run, "d", due._replace(run_id="first-of-all"))
    rig.start()
    rig.turn()
    with rig.store.read() as conn:
        made = run.get(conn, "d", "first-of-all")
    assert made is not None
    assert made.run_type == DagRunType.SCHEDULED
    assert (made.data_interval_start, made.data_interval_end) == due.data_interval
