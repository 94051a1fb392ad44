"""A backfill makes the runs of a range of dates, and starts them in order within its limit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.unit.scheduler.harness import START, Rig, dag_spec

from slipstream.command import backfill as command
from slipstream.command import mark_run
from slipstream.errors import NotFound
from slipstream.machine.backfill import Reprocess
from slipstream.state import DagRunState
from slipstream.store import backfill, run
from slipstream.store.row import BackfillRow, RunRow

DAILY = {"type": "cron_data_interval", "args": {"expression": "0 0 * * *"}}


def day(n: int) -> datetime:
    """The n-th of the month before the rig's clock starts."""
    return datetime(2025, 12, n, tzinfo=UTC)


def create(rig: Rig, first: int, last: int, **values: Any) -> BackfillRow:
    return command.create(
        rig.store,
        rig.clock,
        **{"dag_id": "d", "from_date": day(first), "to_date": day(last), "wait_s": 0.0, **values},
    )


def runs(rig: Rig) -> dict[int, RunRow]:
    """The DAG's runs by the day of their logical date, without those that the schedule makes."""
    with rig.store.read() as conn:
        found = run.list_by_logical_date(conn, "d")
    return {
        row.logical_date.day: row
        for row in found
        if row.logical_date and row.logical_date < day(20)
    }


def current(rig: Rig, made: BackfillRow) -> BackfillRow:
    with rig.store.read() as conn:
        row = backfill.get(conn, made.id)
    assert row is not None
    return row


@pytest.fixture
def daily(rig: Rig) -> Rig:
    rig.add_dag(dag_spec("d", {"a": []}, timetable=DAILY, catchup=False))
    return rig


def test_each_date_of_the_range_gets_a_run_with_its_interval(daily: Rig) -> None:
    made = create(daily, 3, 5, conf={"k": 1}, user="ann", max_active_runs=2)
    assert (made.max_active_runs, made.triggering_user, made.completed_at) == (2, "ann", None)
    found = runs(daily)
    assert sorted(found) == [3, 4, 5]
    row = found[4]
    assert (row.run_type, row.triggered_by, row.backfill_id) == ("backfill", "backfill", made.id)
    assert (row.data_interval_start, row.data_interval_end) == (day(4), day(5))
    assert (row.run_id, row.conf) == ("backfill__2025-12-05T00:00:00+00:00", {"k": 1})


@pytest.mark.parametrize(("backwards", "order"), [(False, [3, 4, 5]), (True, [5, 4, 3])])
def test_runs_start_in_the_order_asked_for_within_the_limit(
    daily: Rig, backwards: bool, order: list[int]
) -> None:
    daily.start()
    made = create(daily, 3, 5, backwards=backwards, max_active_runs=1)
    started = []
    for _ in order:
        daily.turn()
        (running,) = (n for n, row in runs(daily).items() if row.state == "running")
        started.append(running)
        daily.work(at_most=1)
    daily.work()
    assert started == order
    assert current(daily, made).completed_at is not None


@pytest.mark.parametrize(
    ("reprocess", "again"),
    [(Reprocess.NONE, []), (Reprocess.FAILED, [4]), (Reprocess.COMPLETED, [3, 4])],
)
def test_dates_that_have_a_run_get_it_again_as_asked_for(
    daily: Rig, reprocess: Reprocess, again: list[int]
) -> None:
    daily.start()
    first = create(daily, 3, 4)
    daily.work()
    with daily.store.read() as conn:
        failed = run.get_by_logical_date(conn, "d", day(4))
    assert failed is not None
    mark_run(
        daily.store,
        daily.clock,
        dag_id="d",
        run_id=failed.run_id,
        state=DagRunState.FAILED,
        wait_s=0.0,
    )
    daily.turn()
    second = create(daily, 3, 5, reprocess=reprocess, conf={"n": 2})
    daily.turn()
    found = runs(daily)
    joined = [n for n, row in found.items() if row.backfill_id == second.id]
    assert sorted(joined) == sorted([*again, 5])
    assert all(found[n].conf == {"n": 2} for n in joined)
    daily.work()
    assert {row.state for n, row in runs(daily).items() if n in joined} == {"success"}
    assert current(daily, first).completed_at is not None
    assert current(daily, second).completed_at is not None


def test_a_backfill_of_dates_that_all_have_runs_is_over_at_once(daily: Rig) -> None:
    daily.start()
    create(daily, 3, 4)
    daily.work()
    assert create(daily, 3, 4).completed_at is not None


def test_a_paused_backfill_starts_nothing_until_it_may(daily: Rig) -> None:
    daily.start()
    made = create(daily, 3, 5, max_active_runs=1)
    daily.turn()
    command.set_paused(daily.store, daily.clock, made.id, True, wait_s=0.0)
    daily.work()
    assert sorted(row.state for row in runs(daily).values()) == ["queued", "queued", "success"]
    command.set_paused(daily.store, daily.clock, made.id, False, wait_s=0.0)
    daily.work()
    assert {row.state for row in runs(daily).values()} == {"success"}


def test_cancelling_fails_what_waits_and_lets_the_rest_go_on(daily: Rig) -> None:
    daily.start()
    made = create(daily, 3, 5, max_active_runs=1)
    daily.turn()
    gone = command.cancel(daily.store, daily.clock, made.id, by="ann", wait_s=0.0)
    assert gone.completed_at is not None
    daily.work()
    assert {n: row.state for n, row in runs(daily).items()} == {
        3: "success",
        4: "failed",
        5: "failed",
    }
    with pytest.raises(command.BackfillConflict, match="is over"):
        command.cancel(daily.store, daily.clock, made.id, by="ann", wait_s=0.0)
    create(daily, 7, 7)


def test_a_dag_has_one_backfill_at_a_time(daily: Rig) -> None:
    create(daily, 3, 4)
    with pytest.raises(command.BackfillConflict, match="is being backfilled already"):
        create(daily, 7, 8)


def test_a_preview_lists_what_would_be_made_and_makes_nothing(daily: Rig) -> None:
    found = command.preview(
        daily.store, daily.clock, dag_id="d", from_date=day(3), to_date=day(5), backwards=True
    )
    assert [each.logical_date for each in found] == [day(5), day(4), day(3)]
    assert not runs(daily)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"from_date": day(5), "to_date": day(3)}, "ends before it begins"),
        ({"from_date": START + timedelta(days=9), "to_date": START + timedelta(days=10)}, "future"),
        ({"from_date": day(3).replace(hour=1), "to_date": day(3).replace(hour=2)}, "has no run"),
    ],
)
def test_a_range_without_runs_is_refused(daily: Rig, values: Any, message: str) -> None:
    with pytest.raises(command.InvalidBackfill, match=message):
        create(daily, 1, 1, **values)


def test_dags_that_cannot_be_backfilled_so_are_refused(rig: Rig) -> None:
    with pytest.raises(NotFound, match="There is no DAG 'd'"):
        create(rig, 3, 4)
    rig.add_dag(dag_spec("d", {"a": []}))
    with pytest.raises(command.InvalidBackfill, match="does not run by dates"):
        create(rig, 3, 4)
    past = {"a": {"depends_on_past": True}}
    rig.add_dag(dag_spec("d", {"a": []}, timetable=DAILY, task=past))
    with pytest.raises(command.InvalidBackfill, match="reprocess behavior"):
        create(rig, 3, 4)
    with pytest.raises(command.InvalidBackfill, match="forwards"):
        create(rig, 3, 4, backwards=True)
    rig.add_dag(dag_spec("d", {"a": []}, timetable=DAILY, allowed_run_types=["manual"]))
    with pytest.raises(command.NotAllowed, match="allows no backfills"):
        create(rig, 3, 4)


def test_a_range_of_more_runs_than_one_backfill_makes_is_refused(rig: Rig) -> None:
    by_minute = {"type": "cron_data_interval", "args": {"expression": "* * * * *"}}
    rig.add_dag(dag_spec("busy", {"a": []}, timetable=by_minute))
    asked: dict[str, Any] = {
        "dag_id": "busy",
        "from_date": datetime(202, 1, 1, tzinfo=UTC),  # a year that lacks a digit
        "to_date": START,
    }
    for attempt in (command.preview, command.create):
        with pytest.raises(command.InvalidBackfill, match="more than 10,000 runs"):
            attempt(rig.store, rig.clock, **asked)
