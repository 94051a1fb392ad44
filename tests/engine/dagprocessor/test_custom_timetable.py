"""Timetables of the user's: only a parsing process runs them; the store gets the next run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.engine.dagprocessor.home import HEADER, Home, eventually
from tests.store.build import new_run

from slipstream import command
from slipstream.clock import SystemClock, utcnow
from slipstream.command import backfill
from slipstream.config import conf
from slipstream.errors import UserError
from slipstream.state import DagRunTriggeredByType, DagRunType
from slipstream.store import inbox, job, run
from slipstream.store.row import RunRow

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


OWN = """
    def infer_manual_data_interval(self, *, run_after):
        {infer}
        return DataInterval(run_after - timedelta(hours=7), run_after)

    def generate_run_id(self, *, run_type, run_after, data_interval, **extra):
        about = "none" if data_interval is None else f"{data_interval.start:%Y%m%dT%H}"
        return f"{run_type.value}-of-{about}"
"""
AT = datetime(2026, 2, 3, 12, tzinfo=UTC)


def _write_own(home: Home, infer: str = "pass") -> None:
    _write(home)
    path = home.dags / "custom.py"
    head, tail = path.read_text().split("    def infer_manual_data_interval", 1)
    rest = tail.split("\n\n", 1)[1]
    path.write_text(head + OWN.replace("{infer}", infer).strip("\n") + "\n\n" + rest)


def _trigger(home: Home, by: DagRunTriggeredByType, **values: Any) -> RunRow:
    return command.trigger_run(
        home.store, SystemClock(), dag_id="custom", triggered_by=by, wait_s=0, **values
    )


def test_a_manual_run_gets_the_interval_and_the_id_of_the_class(home: Home) -> None:
    _write_own(home)
    with home.running():
        eventually(lambda: "custom" in home.rows(), "the DAG is seen")
        by_api = _trigger(home, DagRunTriggeredByType.REST_API, logical_date=AT)
        by_cli = _trigger(home, DagRunTriggeredByType.CLI, logical_date=START, run_after=START)
        undated = _trigger(home, DagRunTriggeredByType.CLI)
        given = (AT - timedelta(days=1), AT)
        explicit = _trigger(
            home,
            DagRunTriggeredByType.REST_API,
            logical_date=AT - timedelta(hours=1),
            data_interval=given,
        )
        named = _trigger(home, DagRunTriggeredByType.CLI, run_id="mine")
    assert by_api.run_id == "manual-of-20260203T05"
    assert (by_api.data_interval_start, by_api.data_interval_end) == (AT - timedelta(hours=7), AT)
    assert by_cli.run_id == "manual-of-20251231T17"
    assert by_cli.data_interval_end == START
    assert (undated.run_id, undated.data_interval_start) == ("manual-of-none", None)
    assert (explicit.data_interval_start, explicit.data_interval_end) == given
    assert explicit.run_id == "manual-of-20260202T12"
    assert named.run_id == "mine"
    with home.store.read() as conn:
        assert inbox.is_empty(conn, "answer")
        assert inbox.is_empty(conn, "dag_processor")


def test_the_next_run_keeps_the_id_of_the_class(home: Home) -> None:
    _write_own(home)
    home.parse()
    assert home.rows()["custom"].next_run_id == "scheduled-of-20260101T00"
    _write(home)
    home.parse()
    assert home.rows()["custom"].next_run_id is None
    assert home.rows()["custom"].next_run_after is not None


def test_without_a_dag_processor_a_manual_run_is_refused_at_once(home: Home) -> None:
    _write_own(home)
    home.parse()
    with pytest.raises(UserError, match=r"none is running: start it \(`slipstream dag-processor`"):
        _trigger(home, DagRunTriggeredByType.CLI, logical_date=AT)
    _write(home)  # what needs no answer of the class needs nobody to ask
    home.parse()
    assert _trigger(home, DagRunTriggeredByType.CLI).run_id.startswith("manual__")


def test_a_dag_processor_that_does_not_answer_is_not_waited_for_for_ever(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write_own(home)
    home.parse()
    home.store.write(job.register, job_type="DagProcessorJob", now=utcnow())
    monkeypatch.setattr(command.custom_timetable, "_MARGIN_S", 0.0)
    monkeypatch.setenv("AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT", "0.2")
    conf.reload()
    with pytest.raises(UserError, match="the DAG processor did not answer"):
        _trigger(home, DagRunTriggeredByType.CLI, logical_date=AT)
    with home.store.read() as conn:
        assert inbox.is_empty(conn, "dag_processor")


def test_what_the_class_raises_is_told_to_who_triggers(home: Home) -> None:
    _write_own(home, "raise ValueError('no idea')")
    with home.running():
        eventually(lambda: "custom" in home.rows(), "the DAG is seen")
        with pytest.raises(UserError) as raised:
            _trigger(home, DagRunTriggeredByType.REST_API, logical_date=AT)
    line = (home.dags / "custom.py").read_text().split("raise ValueError")[0].count("\n") + 1
    assert str(raised.value) == (
        f"The timetable of DAG 'custom' failed: ValueError: no idea (custom.py, line {line})"
    )


def _backfill(home: Home, **values: Any) -> list[datetime]:
    """Return the dates of the runs that a backfill would make; then make it."""
    asked = {"dag_id": "custom", "from_date": START, "to_date": START + timedelta(days=1), **values}
    shown = backfill.preview(home.store, SystemClock(), **asked)
    row = backfill.create(home.store, SystemClock(), wait_s=0, **asked)
    with home.store.read() as conn:
        made = [run.get_by_logical_date(conn, "custom", each.logical_date) for each in shown]
    assert [each and (each.run_type, each.backfill_id) for each in made] == [
        ("backfill", row.id)
    ] * len(shown)
    assert [each and each.data_interval_end for each in made] == [
        each.data_interval.end for each in shown
    ]
    return [each.logical_date for each in shown]


def test_a_backfill_makes_the_runs_of_the_class(home: Home) -> None:
    _write(home)
    with home.running():
        eventually(lambda: "custom" in home.rows(), "the DAG is seen")
        assert _backfill(home) == [START + timedelta(hours=7 * n) for n in range(4)]
    with home.store.read() as conn:
        assert inbox.is_empty(conn, "answer")
        assert inbox.is_empty(conn, "dag_processor")


def test_a_backfill_backwards_starts_with_the_newest(home: Home) -> None:
    _write(home)
    with home.running():
        eventually(lambda: "custom" in home.rows(), "the DAG is seen")
        dates = _backfill(home, from_date=START + timedelta(hours=5), backwards=True)
    assert dates == [START + timedelta(hours=h) for h in (19, 12, 5)]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("raise ValueError('no idea')", "failed: ValueError: no idea (custom.py, line"),
        ("return DagRunInfo.exact(start + timedelta(microseconds=1))", "has more than 10000 runs"),
        ("return None", "The schedule of DAG 'custom' has no run from"),
    ],
)
def test_what_a_class_cannot_say_is_told_to_who_backfills(home: Home, body: str, told: str) -> None:
    _write(home, f"if restriction.catchup and restriction.latest: {body}")
    with home.running():
        eventually(lambda: "custom" in home.rows(), "the DAG is seen")
        with pytest.raises(backfill.InvalidBackfill) as raised:
            _backfill(home)
    assert told in str(raised.value)


def test_a_class_that_is_not_periodic_has_no_backfills(home: Home) -> None:
    _write(home)
    path = home.dags / "custom.py"
    path.write_text(path.read_text().replace("(Timetable):", "(Timetable):\n    periodic = False"))
    with home.running():
        eventually(lambda: "custom" in home.rows(), "the DAG is seen")
        with pytest.raises(backfill.InvalidBackfill, match="does not run by dates"):
            _backfill(home)


def test_a_class_that_stands_still_is_asked_once_more(home: Home) -> None:
    _write(home, "start = restriction.earliest")
    with home.running():
        eventually(lambda: "custom" in home.rows(), "the DAG is seen")
        assert _backfill(home) == [START]


def test_an_answer_that_a_run_has_overtaken_is_asked_for_anew(home: Home) -> None:
    """The scheduler and the parse both ask; between the answers the first run is created."""
    asked, go = home.path / "asked", home.path / "go"
    waits = f"""import pathlib, time
        while last_automated_data_interval is None and not pathlib.Path({str(go)!r}).exists():
            pathlib.Path({str(asked)!r}).touch()
            time.sleep(0.01)"""
    _write(home, waits)
    with home.running():
        eventually(asked.exists, "the class is asked")
        end = START + timedelta(hours=7)
        first = new_run(
            "custom",
            "first",
            run_type=DagRunType.SCHEDULED,
            logical_date=START,
            data_interval_start=START,
            data_interval_end=end,
        )
        home.store.write(run.create, first, utcnow(), notify=False)
        go.touch()
        eventually(lambda: home.rows()["custom"].next_logical_date, "a next run is there")
        assert home.rows()["custom"].next_logical_date == end
