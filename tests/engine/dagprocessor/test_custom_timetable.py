"""Timetables of the user's: only a parsing process runs them; the store gets the next run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.engine.dagprocessor.home import HEADER, Home, eventually

from slipstream.clock import utcnow
from slipstream.store import inbox

TIMETABLE = """
from datetime import timedelta
from airflow.timetables.base import DagRunInfo, DataInterval, Timetable

class Mine(Timetable):
    def infer_manual_data_interval(self, *, run_after):
        return DataInterval.exact(run_after)

    def next_dagrun_info(self, *, last_automated_data_interval, restriction):
        if last_automated_data_interval is None:
            start = restriction.earliest
        else:
            start = last_automated_data_interval.end
        {body}
        return DagRunInfo.interval(start, start + timedelta(hours=7))
"""
START = datetime(2026, 1, 1, tzinfo=UTC)


def _write(home: Home, body: str = "pass") -> None:
    home.write(
        "custom.py",
        HEADER
        + "from datetime import datetime, timezone\n"
        + TIMETABLE.replace("{body}", body)
        + "with DAG('custom', schedule=Mine(), start_date=datetime(2026, 1, 1, tzinfo=timezone.utc)):\n"
        "    EmptyOperator(task_id='t')\n",
    )


def test_the_first_run_is_computed_after_the_parse(home: Home) -> None:
    _write(home)
    home.parse()
    row = home.rows()["custom"]
    assert row.has_custom_timetable
    assert row.next_logical_date == row.next_data_interval_start == START
    assert row.next_run_after == row.next_data_interval_end == START + timedelta(hours=7)


def test_a_message_has_the_next_run_computed(home: Home) -> None:
    _write(home)
    with home.running():
        eventually(lambda: "custom" in home.rows(), "the DAG is seen")
        last = {"start": START.isoformat(), "end": (START + timedelta(hours=7)).isoformat()}
        home.store.write(
            inbox.post,
            target="dag_processor",
            kind="next_run",
            dag_id="custom",
            payload={"last": last},
            now=utcnow(),
        )
        home.store.wake("dag_processor")
        eventually(
            lambda: home.rows()["custom"].next_logical_date == START + timedelta(hours=7),
            "the next run is there",
            5,
        )
    with home.store.read() as conn:
        assert inbox.is_empty(conn, "dag_processor")
        assert ("dag_changed", "custom") in [
            (m.kind, m.dag_id) for m in inbox.take(conn, "scheduler", 10)
        ]


def test_a_timetable_that_fails_leaves_no_next_run(home: Home) -> None:
    _write(home, "raise ValueError('no idea')")
    home.parse()
    row = home.rows()["custom"]
    assert row.next_run_after is None
    assert (row.is_stale, row.has_import_errors) == (False, False)
    error = home.errors()["custom.py"]
    assert error.stacktrace.startswith("The timetable of DAG 'custom' failed")
    assert error.stacktrace.endswith("ValueError: no idea")
    assert (home.path / "dags/custom.py").read_text().splitlines()[
        (error.line or 0) - 1
    ].strip() == ("raise ValueError('no idea')")
    _write(home)
    home.parse()
    assert home.errors() == {}
    assert home.rows()["custom"].next_run_after is not None


def test_a_timetable_that_works_again_takes_its_error_back(home: Home) -> None:
    broken = home.path / "broken"
    broken.touch()
    _write(home, f"import os; assert not os.path.exists({str(broken)!r})")
    with home.running():
        eventually(lambda: "custom.py" in home.errors(), "the error is seen")
        broken.unlink()
        home.store.write(
            inbox.post, target="dag_processor", kind="next_run", dag_id="custom", now=utcnow()
        )
        home.store.wake("dag_processor")
        eventually(lambda: home.errors() == {}, "the error is gone", 5)
    assert home.rows()["custom"].next_run_after is not None


def test_the_traceback_of_a_plugins_timetable_starts_in_the_plugin(home: Home) -> None:
    plugin = home.path / "plugins" / "slow_days.py"
    plugin.parent.mkdir()
    plugin.write_text(TIMETABLE.replace("{body}", "raise ValueError('no idea')"))
    home.write(
        "custom.py",
        HEADER
        + "from slow_days import Mine\n"
        + "with DAG('custom', schedule=Mine()):\n    EmptyOperator(task_id='t')\n",
    )
    home.parse()
    _, traceback, first, *_ = home.errors()["custom.py"].stacktrace.splitlines()
    assert traceback == "Traceback (most recent call last):"
    assert str(plugin) in first


def test_a_timetable_may_end(home: Home) -> None:
    _write(home, "return None")
    home.parse()
    assert home.rows()["custom"].next_run_after is None
