"""Tables, JSON, YAML and plain columns, in the forms that Airflow prints."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
import yaml

from slipstream.cli.output import show, show_fields

ROWS = [
    {"pool": "default_pool", "slots": 128, "description": None, "on": True, "tags": ["a", "b"]},
    {"pool": "x", "slots": 1, "description": "two\nlines", "on": False, "tags": []},
]


def test_a_table_has_a_double_rule_below_its_head(capsys: pytest.CaptureFixture[str]) -> None:
    show(ROWS, "table")
    assert capsys.readouterr().out == (
        "pool         | slots | description | on    | tags\n"
        "=============+=======+=============+=======+=====\n"
        "default_pool | 128   | None        | True  | a,b\n"
        "x            | 1     | two         | False |\n"
        "             |       | lines       |       |\n"
    )


def test_plain_columns_can_be_cut_by_awk(capsys: pytest.CaptureFixture[str]) -> None:
    show([{"a": "x", "long_name": None}, {"a": "yyy", "long_name": "z"}], "plain")
    assert capsys.readouterr().out == "a    long_name\nx\nyyy  z\n"


def test_json_and_yaml_hold_texts_lists_and_nulls_as_airflows_do(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show(ROWS, "json")
    from_json = json.loads(capsys.readouterr().out)
    show(ROWS, "yaml")
    assert yaml.safe_load(capsys.readouterr().out) == from_json
    assert from_json[0] == {
        "pool": "default_pool",
        "slots": "128",
        "description": None,
        "on": "True",
        "tags": ["a", "b"],
    }


def test_dates_are_iso_8601(capsys: pytest.CaptureFixture[str]) -> None:
    show([{"at": datetime(2026, 1, 2, 3, tzinfo=UTC)}], "json")
    assert "2026-01-02T03:00:00+00:00" in capsys.readouterr().out


def test_no_rows(capsys: pytest.CaptureFixture[str]) -> None:
    show([], "table")
    assert capsys.readouterr().out == "No data found\n"
    show([], "json")
    assert capsys.readouterr().out == "[]\n"


def test_one_thing_is_a_row_per_field(capsys: pytest.CaptureFixture[str]) -> None:
    show_fields({"dag_id": "demo", "is_paused": False}, "table")
    assert capsys.readouterr().out.splitlines()[0] == "property_name | property_value"
    show_fields({"dag_id": "demo"}, "json")
    assert json.loads(capsys.readouterr().out) == [{"dag_id": "demo"}]
