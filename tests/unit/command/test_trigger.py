"""Triggering a run: what is checked, and what is made."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.scheduler.harness import START, Rig, dag_spec

from slipstream.errors import DuplicateRun, NotFound, UserError

DAILY = {"type": "cron_data_interval", "args": {"expression": "0 0 * * *"}}


def test_a_run_without_a_logical_date_has_no_interval(rig: Rig) -> None:
    rig.add_dag(dag_spec("d", {"a": ["b"], "b": []}, timetable=DAILY))
    row = rig.trigger("d", conf={"x": 1}, note="why")
    assert (row.state, row.run_type, row.conf, row.note) == ("queued", "manual", {"x": 1}, "why")
    assert (row.logical_date, row.data_interval_start) == (None, None)
    assert row.run_after == START
    assert row.run_id == "manual__2026-01-01T00:00:00+00:00"
    assert rig.states(row) == {"a": None, "b": None}


def test_an_unknown_dag_is_told_by_name(rig: Rig) -> None:
    with pytest.raises(NotFound, match="'nope'"):
        rig.trigger("nope")


def test_a_run_id_is_taken_once(rig: Rig) -> None:
    rig.add_dag(dag_spec("d", {"a": []}))
    rig.trigger("d", run_id="mine")
    rig.clock.advance(1)
    with pytest.raises(DuplicateRun, match="mine"):
        rig.trigger("d", run_id="mine")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"run_id": "a/b"}, "allowed_run_id_pattern"),
        ({"run_id": "x" * 251}, "has 251 characters: 250 are the most"),
        ({"run_id": "a..b"}, r"'\.\.'"),
        ({"run_id": "scheduled__2026-01-01T00:00:00+00:00"}, "reserved for scheduled runs"),
        ({"logical_date": START, "data_interval": (START.replace(day=2), START)}, "before its st"),
        ({"conf": {"n": "text"}}, "Param 'n'"),
    ],
)
def test_bad_arguments_end_in_one_clear_message(
    rig: Rig, values: dict[str, Any], message: str
) -> None:
    params = {"n": {"value": 1, "schema": {"type": "integer"}}}
    rig.add_dag(dag_spec("d", {"a": []}, params=params))
    with pytest.raises(UserError, match=message):
        rig.trigger("d", **values)


def test_a_required_param_must_be_given(rig: Rig) -> None:
    rig.add_dag(dag_spec("d", {"a": []}, params={"n": {"schema": {"type": "integer"}}}))
    with pytest.raises(UserError, match=r"'n'.*required"):
        rig.trigger("d")
    assert rig.trigger("d", conf={"n": 3}).conf == {"n": 3}


def test_a_call_repeated_after_a_lost_answer_changes_nothing(rig: Rig) -> None:
    rig.add_dag(dag_spec("d", {"a": []}))
    rig.start()
    row = rig.trigger("d")
    rig.turn()
    assert rig.states(row) == {"a": "queued"}
    assert rig.trigger("d").id == row.id
    assert rig.states(row) == {"a": "queued"}
