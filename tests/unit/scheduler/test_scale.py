"""What a turn costs must not grow with what it does not touch.

Limits are generous, since the machines that run this are busy: they catch work that is
proportional to the run's size, not a slow day. ``bench`` measures the budgets themselves.
"""

from __future__ import annotations

import statistics
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.unit.scheduler.harness import START, Rig, dag_spec, sqlite_url

from slipstream import command
from slipstream.attempt import Outcome
from slipstream.executors.base import AttemptFinished
from slipstream.scheduler.service import TurnReport
from slipstream.spec import DagSpec
from slipstream.state import TaskInstanceState
from slipstream.store import attempt, run
from slipstream.store.row import RunRow

_HOURLY = {
    "timetable": {"type": "cron_data_interval", "args": {"expression": "@hourly"}},
    "start_date": "2025-12-31T20:00:00+00:00",
}


def _wide(n: int, **values: Any) -> DagSpec:
    mapped = {"kind": "expand", "by": {"x": list(range(n))}}
    task = {"m": {"mapped": mapped}}
    return dag_spec("wide", {"m": []}, task=task, max_active_tasks=16, **values)


def _run_some(rig: Rig, n: int) -> list[float]:
    """Finish ``n`` attempts, one a turn; return the turns' times in seconds."""
    times = []
    for _ in range(n):
        attempt_id = next(iter(rig.executor.workloads))
        now = rig.clock.now()
        start = attempt.AttemptStart(attempt_id, "host", "testhost", 1, now)
        outcome = Outcome(attempt_id=attempt_id, state=TaskInstanceState.SUCCESS, ended_at=now)
        rig.store.write(attempt.start, [start])
        rig.store.write(attempt.finish, [outcome])
        del rig.executor.workloads[attempt_id]
        rig.executor.tell(AttemptFinished(attempt_id, outcome))
        before = time.perf_counter()
        report = rig.scheduler.turn(0)
        times.append(time.perf_counter() - before)
        assert report.n_admitted == 1
    return times


def test_a_turn_does_not_pay_for_the_size_of_the_run(rig: Rig) -> None:
    rig.add_dag(_wide(3000))
    rig.start()
    rig.trigger("wide")
    rig.turn()
    assert statistics.median(_run_some(rig, 60)) < 0.02


def test_a_run_that_is_larger_than_a_turn_starts_and_ends(rig: Rig) -> None:
    rig.add_dag(_wide(2500))
    rig.start()
    row = rig.trigger("wide")
    rig.turn()
    assert len(rig.executor.workloads) == 16
    _run_some(rig, 20)
    states = list(rig.states(row).values())
    assert states.count("success") == 20
    assert states.count("queued") == 16
    assert states.count("scheduled") == 2500 - 36


def test_a_run_moves_over_several_turns_and_a_crash_in_between_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    rig = Rig(sqlite_url(tmp_path), changes_per_turn=3)
    try:
        rig.add_dag(_wide(20))
        rig.start()
        row = rig.trigger("wide")
        ready = [0]
        while ready[-1] < 20:
            if ready[-1] == 9:
                rig.crash()
                rig.start()
            assert rig.scheduler.turn(0).wrote or not ready[-1]
            ready.append(sum(state is not None for state in rig.states(row).values()))
        assert ready[:4] == [0, 3, 6, 9]
        assert rig.work() == 20
        assert set(rig.states(row).values()) == {"success"}
    finally:
        rig.close()


def test_a_scheduled_run_is_made_over_several_turns_and_a_crash_in_between_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    rig = Rig(sqlite_url(tmp_path), changes_per_turn=3)
    try:
        rig.add_dag(_wide(20, **_HOURLY))
        rig.start()
        made = [0]
        while made[-1] < 20:
            rig.scheduler.turn(0)
            with rig.store.read() as conn:
                rows = run.list_by_logical_date(conn, "wide")
            made.append(len(rig.states(rows[0])) if rows else 0)
            if made[-1] == 9:
                rig.crash()
                rig.start()
        steps = [n for n in dict.fromkeys(made) if n]
        assert steps[:3] == [3, 6, 9]
        assert rig.work() == 20
        assert set(rig.states(rows[0]).values()) == {"success"}
    finally:
        rig.close()


def test_a_run_that_somebody_marks_while_it_is_made_begins_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    rig = Rig(sqlite_url(tmp_path), changes_per_turn=3)
    try:
        rig.add_dag(_wide(20, **_HOURLY))
        rig.start()
        rows: list[RunRow] = []
        while not rows or len(rig.states(rows[0])) < 6:
            rig.scheduler.turn(0)
            with rig.store.read() as conn:
                rows = run.list_by_logical_date(conn, "wide")
        command.mark_task(
            rig.store,
            rig.clock,
            dag_id="wide",
            run_id=rows[0].run_id,
            task_id="m",
            map_index=2,
            state=TaskInstanceState.SUCCESS,
            wait_s=0,
        )
        assert rig.work() == 19
        states = list(rig.states(rows[0]).values())
        assert states == ["success"] * 20
    finally:
        rig.close()


def _add_hourly(rig: Rig, n: int, **values: object) -> None:
    specs = [
        dag_spec(
            f"d{i}",
            {"a": ["b", "c"], "b": ["d"], "c": ["d"], "d": []},
            **_HOURLY,
            **values,
        )
        for i in range(n)
    ]
    rig.add_dags(specs)


def _turns(rig: Rig) -> list[tuple[float, TurnReport]]:
    """Turn until there is nothing to do; return the CPU seconds and the report of each turn."""
    turns = []
    while True:
        before = time.process_time()
        report = rig.scheduler.turn(0)
        turns.append((time.process_time() - before, report))
        if not (report.wrote or report.more or report.n_created):
            return turns


def test_no_turn_is_long_however_many_dags_are_due_at_once(rig: Rig) -> None:
    _add_hourly(rig, 100)
    rig.start()
    _turns(rig)
    rig.clock.advance(3600)
    turns = _turns(rig)
    assert sum(report.n_created for _, report in turns) == 100
    assert len(rig.scheduler.world.book.active) > 100  # those of the first hour, and these
    # The first of its kind compiles statements, and one in hundreds may meet the collector.
    assert sorted(seconds for seconds, _ in turns)[-4] < 0.1


def test_a_share_that_is_over_leaves_the_rest_to_the_next_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    rig = Rig(sqlite_url(tmp_path), share_s=0.0)
    try:
        _add_hourly(rig, 7, catchup=True)
        rig.start()
        turns = _turns(rig)
        assert {report.n_created for _, report in turns} == {0, 1}
        with rig.store.read() as conn:
            found = {f"d{i}": run.list_by_logical_date(conn, f"d{i}") for i in range(7)}
        hours = [START - timedelta(hours=4 - i) for i in range(4)]
        assert all([row.logical_date for row in rows] == hours for rows in found.values())
        assert all(row.state == "running" for rows in found.values() for row in rows)
    finally:
        rig.close()
