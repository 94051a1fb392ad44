"""Run ids, windows, zones and mistakes: what golden.json does not cover."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pendulum
import pytest
from dateutil.relativedelta import relativedelta

from slipstream.spec import DagSpec
from slipstream.state import DagRunType
from slipstream.timetable import (
    Continuous,
    CronDataInterval,
    CronTrigger,
    DataInterval,
    DeltaDataInterval,
    DeltaTrigger,
    InvalidTimetable,
    Once,
    build,
    of_dag,
    run_id,
    zone,
    zone_name,
)

NOW = datetime(2026, 1, 1, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize("kind", [DeltaTrigger, DeltaDataInterval])
def test_pendulums_durations_are_timedeltas(kind: type[DeltaTrigger | DeltaDataInterval]) -> None:
    made = kind(pendulum.duration(days=1, hours=2))
    assert made.summary == "1 day, 2:00:00"
    assert type(made.delta) is timedelta


def test_run_id_of_a_scheduled_run() -> None:
    made = run_id.of_timetable(DagRunType.SCHEDULED, NOW.astimezone(ZoneInfo("Asia/Tokyo")))
    assert made == "scheduled__2026-01-01T12:30:00+00:00"


def test_run_id_keeps_microseconds() -> None:
    made = run_id.of_timetable(DagRunType.MANUAL, NOW.replace(microsecond=12))
    assert made == "manual__2026-01-01T12:30:00.000012+00:00"


def test_run_id_without_logical_date_is_made_unique() -> None:
    kind = DagRunType.ASSET_TRIGGERED
    made = {run_id.generate(kind, None, NOW) for _ in range(50)}
    assert len(made) == 50
    assert run_id.generate(kind, None, NOW, suffix="Ab3dEf9h") == (
        "asset_triggered__2026-01-01T12:30:00+00:00_Ab3dEf9h"
    )
    assert run_id.generate(kind, NOW, NOW) == "asset_triggered__2026-01-01T12:30:00+00:00"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("scheduled__2026-01-01T00:00:00+00:00", "scheduled"),
        ("backfill__x", "backfill"),
        ("mine", "manual"),
        ("mine__x", "manual"),
        ("scheduled", "manual"),
    ],
)
def test_run_type_of_a_run_id(text: str, kind: str) -> None:
    assert run_id.run_type_of(text) == kind


def _dag(tasks: list[dict[str, Any]], **fields: Any) -> DagSpec:
    spec: Any = {"spec": 1, "dag_id": "d", "relative_fileloc": "d.py", "tasks": tasks, **fields}
    return spec


def _day(day: int) -> str:
    return f"2026-01-{day:02}T00:00:00+01:00"


def test_window_opens_at_the_earliest_start_date() -> None:
    window = of_dag(_dag([{"start_date": _day(3)}, {}], start_date=_day(5), catchup=True))
    assert window.earliest == datetime(2026, 1, 2, 23, tzinfo=UTC)
    assert window.latest is None
    assert window.catchup


def test_window_closes_at_the_dags_end_date_unless_every_task_has_one() -> None:
    some = of_dag(_dag([{"end_date": _day(9)}, {}], end_date=_day(5)))
    every = of_dag(_dag([{"end_date": _day(9)}, {"end_date": _day(7)}], end_date=_day(5)))
    assert some.latest == datetime(2026, 1, 4, 23, tzinfo=UTC)
    assert every.latest == datetime(2026, 1, 8, 23, tzinfo=UTC)
    assert of_dag(_dag([])) == (None, None, False)


@pytest.mark.parametrize(
    ("tz", "name"),
    [
        (ZoneInfo("Europe/Paris"), "Europe/Paris"),
        (pendulum.timezone("Europe/Paris"), "Europe/Paris"),
        (pendulum.UTC, "UTC"),
        (UTC, "UTC"),
        (timezone(timedelta(hours=-3, minutes=-30)), "-03:30"),
        (pendulum.FixedTimezone(19800), "+05:30"),
        (pendulum.FixedTimezone(0), "UTC"),
    ],
)
def test_zones_have_names_that_find_them(tz: Any, name: str) -> None:
    assert zone_name(tz) == name
    assert NOW.astimezone(zone(name)).utcoffset() == NOW.astimezone(tz).utcoffset()


@pytest.mark.parametrize("name", ["Mars/Olympus", "/etc/passwd", "Europe", ""])
def test_an_unknown_zone_is_named(name: str) -> None:
    with pytest.raises(InvalidTimetable, match="unknown time zone"):
        zone(name)


@pytest.mark.parametrize(
    ("timetable", "message"),
    [
        (CronTrigger("0 25 * * *", "UTC"), "out of range"),
        (CronDataInterval("every day", "UTC"), "Exactly 5, 6 or 7 columns"),
        (CronTrigger("0 0 * * *", "Nowhere/Else"), "unknown time zone 'Nowhere/Else'"),
        (DeltaTrigger(timedelta(0)), "is not above zero"),
        (DeltaTrigger(relativedelta(months=-1)), "is not above zero"),
    ],
)
def test_validate_says_what_is_wrong(timetable: Any, message: str) -> None:
    with pytest.raises(InvalidTimetable, match=message):
        timetable.validate(NOW)


def test_an_expression_that_never_fires_has_no_next_run() -> None:
    for timetable in (CronTrigger("0 0 30 2 *", "UTC"), CronDataInterval("0 0 30 2 *", "UTC")):
        timetable.validate(NOW)
        assert timetable.next_run(None, NOW, None, True, NOW) is None
        assert timetable.manual_interval(NOW) == DataInterval(NOW, NOW)


def test_build_refuses_what_it_cannot_make() -> None:
    with pytest.raises(InvalidTimetable, match=r"plugins\.Mine is a custom timetable"):
        build({"type": "custom", "class_path": "plugins.Mine"}, "UTC")
    with pytest.raises(InvalidTimetable, match="unknown timetable type 'lunar'"):
        build({"type": "lunar"}, "UTC")
    with pytest.raises(InvalidTimetable, match="lacks its argument 'expression'"):
        build({"type": "cron_trigger"}, "UTC")


def test_a_cron_spec_without_zone_takes_the_dags() -> None:
    timetable = build({"type": "cron_trigger", "args": {"expression": "@daily"}}, "Asia/Tokyo")
    run = timetable.next_run(None, NOW, None, True, NOW)
    assert run is not None
    assert run.run_after == datetime(2026, 1, 1, 15, tzinfo=UTC)


def test_asset_or_time_runs_by_its_timetable() -> None:
    condition = {"asset": "s3://bucket/key"}
    spec: Any = {
        "type": "asset_or_time",
        "args": {"asset_condition": condition, "timetable": {"type": "once"}},
    }
    timetable = build(spec, "UTC")
    assert timetable.summary == "Asset or @once"
    assert (
        timetable.description
        == "When its assets are updated, or: One time, at once or at the start date"
    )
    assert timetable.next_run(None, NOW, None, False, NOW) == Once().next_run(
        None, NOW, None, False, NOW
    )
    alone = build({"type": "asset_triggered", "args": {"asset_condition": condition}}, "UTC")
    assert alone.next_run(None, NOW, None, False, NOW) is None
    assert alone.to_spec()["args"] == {"asset_condition": condition}


def test_naive_datetimes_are_refused() -> None:
    with pytest.raises(ValueError, match="naive datetime"):
        Once().next_run(None, None, None, False, datetime(2026, 1, 1))


def test_making_a_cron_timetable_imports_nothing_heavy() -> None:
    code = (
        "import sys; from slipstream.timetable import CronTrigger;"
        "CronTrigger('@daily', 'UTC').to_spec();"
        "print([m for m in ('croniter', 'dateutil', 'pendulum') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_runs_between_ends_for_timetables_without_end() -> None:
    later = NOW + timedelta(days=1)
    assert len(list(Continuous().runs_between(NOW, later, NOW))) == 1
    assert len(list(Once().runs_between(NOW, later, NOW))) == 1
    daily = CronDataInterval("@daily", "UTC")
    assert [
        run.logical_date.day for run in daily.runs_between(NOW, NOW + timedelta(days=3), NOW)
    ] == [
        2,
        3,
        4,
    ]
