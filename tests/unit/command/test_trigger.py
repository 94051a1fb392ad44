"""Runs that people ask for get the ids, dates and data intervals that Airflow 3.3 gives them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from tests.unit.scheduler.harness import Rig, dag_spec

from slipstream import command
from slipstream.errors import DuplicateRun
from slipstream.state import DagRunTriggeredByType
from slipstream.store.row import RunRow

DATE = datetime(2026, 3, 3, 5, tzinfo=UTC)
AFTER = datetime(2026, 11, 20, 10, tzinfo=UTC)
DAILY = {
    "type": "cron_data_interval",
    "args": {"expression": "0 6 * * *", "timezone": "Europe/Berlin"},
}


def trigger(rig: Rig, by: str, **values: Any) -> RunRow:
    return command.trigger_run(
        rig.store,
        rig.clock,
        dag_id="d",
        triggered_by=DagRunTriggeredByType(by),
        wait_s=0,
        **values,
    )


@pytest.fixture
def daily(rig: Rig) -> Rig:
    rig.add_dag(dag_spec("d", {"a": []}, timetable=DAILY, start_date="2026-01-01T00:00:00+00:00"))
    return rig


@pytest.mark.parametrize("logical_date", [None, DATE])
def test_the_id_is_made_of_run_after(daily: Rig, logical_date: datetime | None) -> None:
    row = trigger(daily, "rest_api", logical_date=logical_date, run_after=AFTER)
    assert row.run_id == "manual__2026-11-20T10:00:00+00:00"
    assert row.logical_date == logical_date


def test_without_run_after_the_id_is_made_of_now(daily: Rig) -> None:
    row = trigger(daily, "cli", logical_date=DATE)
    assert row.run_id == f"manual__{daily.clock.now().isoformat()}"


def test_by_rest_the_interval_is_inferred_from_the_logical_date(daily: Rig) -> None:
    row = trigger(daily, "rest_api", logical_date=DATE, run_after=AFTER)
    assert row.data_interval_start == datetime(2026, 3, 2, 5, tzinfo=UTC)
    assert row.data_interval_end == datetime(2026, 3, 3, 5, tzinfo=UTC)


@pytest.mark.parametrize("by", ["cli", "operator"])
def test_by_others_the_interval_is_inferred_from_run_after(daily: Rig, by: str) -> None:
    row = trigger(daily, by, logical_date=DATE, run_after=AFTER)
    assert row.data_interval_start == datetime(2026, 11, 19, 5, tzinfo=UTC)
    assert row.data_interval_end == datetime(2026, 11, 20, 5, tzinfo=UTC)


def test_a_given_interval_is_taken(daily: Rig) -> None:
    row = trigger(daily, "rest_api", logical_date=DATE, data_interval=(DATE, AFTER))
    assert (row.data_interval_start, row.data_interval_end) == (DATE, AFTER)


def test_without_a_logical_date_there_is_no_interval(daily: Rig) -> None:
    row = trigger(daily, "rest_api", data_interval=(DATE, AFTER))
    assert row.data_interval_start is None
    assert row.data_interval_end is None


def test_a_logical_date_before_the_start_date_is_allowed(daily: Rig) -> None:
    early = datetime(2025, 1, 1, tzinfo=UTC)
    assert trigger(daily, "rest_api", logical_date=early).logical_date == early


def test_two_runs_after_the_same_moment_need_ids(daily: Rig) -> None:
    trigger(daily, "rest_api", run_after=AFTER)
    daily.clock.advance(1)
    with pytest.raises(DuplicateRun):
        trigger(daily, "rest_api", logical_date=DATE, run_after=AFTER)
