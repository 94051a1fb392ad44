"""Our timetables answer what Airflow's do: golden.json holds Airflow's answers."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from slipstream.timetable import DataInterval, NextRun, Timetable, build

GOLDEN = json.loads(Path(__file__).with_name("golden.json").read_text())
SCENARIOS: list[dict[str, Any]] = GOLDEN["scenarios"]
AIRFLOW_RAISES = "!"


def _name(scenario: dict[str, Any]) -> str:
    args = scenario["spec"].get("args", {})
    day = datetime.fromtimestamp(scenario["base"], UTC).date()
    what = args.get("expression") or args.get("expressions") or args.get("delta") or ""
    return f"{scenario['spec']['type']}-{what}-{args.get('timezone', '')}-{day}"


class Times:
    """Converts the file's seconds after ``base``."""

    def __init__(self, scenario: dict[str, Any]) -> None:
        self.base = scenario["base"]

    def at(self, offset: float | None) -> datetime | None:
        return None if offset is None else self.must(offset)

    def must(self, offset: float) -> datetime:
        return datetime.fromtimestamp(self.base + offset, UTC)

    def answer(self, run: NextRun | None) -> list[float] | None:
        if run is None:
            return None
        assert run.logical_date == run.data_interval.start
        return [t.timestamp() - self.base for t in (*run.data_interval, run.run_after)]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=_name)
def test_same_runs_as_airflow(scenario: dict[str, Any]) -> None:
    times = Times(scenario)
    timetable = build(scenario["spec"], "UTC")
    for row in scenario["chain"]:
        _check_chain(timetable, times, row)
    for row in scenario["next"]:
        last_start, last_end, earliest, latest, catchup, now, expected = row
        last = (
            None if last_end is None else DataInterval(times.must(last_start), times.must(last_end))
        )
        run = timetable.next_run(
            last, times.at(earliest), times.at(latest), catchup, times.must(now)
        )
        if expected == AIRFLOW_RAISES:
            assert run is None or last is None or run.logical_date > last.start, row
        else:
            assert times.answer(run) == expected, row
    for run_after, start, end in scenario["manual"]:
        found = timetable.manual_interval(times.must(run_after))
        assert found == (times.must(start), times.must(end)), run_after


def _check_chain(timetable: Timetable, times: Times, row: list[Any]) -> None:
    earliest, catchup, now, expected = row
    last = None
    for wanted in expected:
        run = timetable.next_run(last, times.at(earliest), None, catchup, times.must(now))
        if wanted == AIRFLOW_RAISES:
            assert run is not None
            assert last is not None
            assert run.logical_date > last.start
            return
        assert times.answer(run) == wanted, (row, wanted)
        last = run and run.data_interval


@pytest.mark.parametrize("expression", GOLDEN["described"])
def test_same_words_as_airflow(expression: str) -> None:
    timetable = build({"type": "cron_trigger", "args": {"expression": expression}}, "UTC")
    assert [timetable.summary, timetable.description] == GOLDEN["described"][expression]


@pytest.mark.parametrize("scenario", [s for s in SCENARIOS if "summary" in s], ids=_name)
def test_same_words_for_events(scenario: dict[str, Any]) -> None:
    timetable = build(scenario["spec"], "UTC")
    assert timetable.summary == scenario["summary"]
    assert timetable.description == scenario["description"]
