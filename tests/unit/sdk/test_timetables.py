"""Timetables under Airflow's names, and those of the user's, as the DAG processor asks them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pendulum
import pytest

from slipstream.sdk import timetables as t
from slipstream.sdk.exceptions import AirflowTimetableInvalid, NotSupportedYet
from slipstream.sdk.schedule import timetable_of
from slipstream.state import DagRunType

START = datetime(2024, 1, 1, tzinfo=UTC)


def test_built_in_timetables_answer_in_pendulum() -> None:
    timetable = t.CronTriggerTimetable("0 0 * * *", timezone="UTC")
    info = timetable.next_dagrun_info(
        last_automated_data_interval=None, restriction=t.TimeRestriction(START, None, True)
    )
    assert info is not None
    assert isinstance(info.run_after, pendulum.DateTime)
    assert info.logical_date == START


@pytest.mark.parametrize(
    ("schedule", "kind"),
    [
        (None, "null"),
        ([], "null"),
        ("@once", "once"),
        ("@continuous", "continuous"),
        ("@daily", "cron_trigger"),
        ("*/5 * * * *", "cron_trigger"),
        (timedelta(hours=1), "delta_trigger"),
        (t.CronDataIntervalTimetable("@daily", "Europe/Rome"), "cron_data_interval"),
        (t.CronTriggerTimetable("@daily", "UTC"), "cron_trigger"),
        (
            t.MultipleCronTriggerTimetable("@daily", "@hourly", timezone="UTC"),
            "multiple_cron_trigger",
        ),
        (t.DeltaDataIntervalTimetable(timedelta(days=1)), "delta_data_interval"),
        (t.EventsTimetable([START]), "events"),
    ],
)
def test_every_schedule_has_a_spec(schedule: Any, kind: str) -> None:
    assert timetable_of(schedule, UTC).to_spec()["type"] == kind


@pytest.mark.parametrize(
    ("option", "kinds"),
    [
        ("create_cron_data_intervals", ["cron_data_interval", "delta_data_interval"]),
        ("create_delta_data_intervals", ["cron_trigger", "delta_trigger"]),
    ],
)
def test_one_option_decides_about_cron_and_timedelta(
    option: str, kinds: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"AIRFLOW__SCHEDULER__{option.upper()}", "True")
    schedules = ("@daily", timedelta(days=1))
    assert [timetable_of(s, UTC).to_spec()["type"] for s in schedules] == kinds


def test_a_run_id_is_made_of_run_after() -> None:
    interval = t.DataInterval(START, START + timedelta(days=1))
    made = t.NullTimetable().generate_run_id(
        run_type=DagRunType.MANUAL, run_after=interval.end, data_interval=interval
    )
    assert made == "manual__2024-01-02T00:00:00+00:00"


class NextMonth(t.Timetable):
    def infer_manual_data_interval(self, *, run_after: Any) -> t.DataInterval:
        return t.DataInterval(start=run_after.start_of("month"), end=run_after)

    def next_dagrun_info(
        self, *, last_automated_data_interval: Any, restriction: t.TimeRestriction
    ) -> t.DagRunInfo | None:
        last = last_automated_data_interval
        start = last.end if last is not None else restriction.earliest.start_of("month")
        if restriction.latest is not None and start > restriction.latest:
            return None
        return t.DagRunInfo.interval(start=start, end=start.add(months=1))


def test_a_timetable_of_the_users_is_asked_with_pendulums_types() -> None:
    first = t.next_run(NextMonth(), None, START, None, True)
    assert first is not None
    assert first.run_after == datetime(2024, 2, 1, tzinfo=UTC)
    second = t.next_run(NextMonth(), first.data_interval, START, None, True)
    assert second is not None
    assert second.logical_date == datetime(2024, 2, 1, tzinfo=UTC)
    assert t.next_run(NextMonth(), second.data_interval, START, START, True) is None
    manual = t.manual_interval(NextMonth(), datetime(2024, 3, 9, tzinfo=UTC))
    assert manual.start == datetime(2024, 3, 1, tzinfo=UTC)


def test_what_cannot_be_is_said_at_once() -> None:
    with pytest.raises(AirflowTimetableInvalid):
        t.CronTriggerTimetable("not cron", timezone="UTC").validate()
    with pytest.raises(NotSupportedYet, match="partitions"):
        t.CronPartitionTimetable("@daily", timezone="UTC")
