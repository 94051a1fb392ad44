"""Dates, connection files, graphs, log lines, the real Airflow: the CLI's small parts."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from slipstream.cli import connection_file
from slipstream.cli.dags.show import dot_lines, tree_lines
from slipstream.cli.date import parse_date
from slipstream.cli.db_shell import client_command
from slipstream.cli.log_text import lines
from slipstream.collision import refuse_real_airflow
from slipstream.errors import ConfigError, UserError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=ZoneInfo("Europe/Paris"))),
        ("2026-01-31T12:00:00", datetime(2026, 1, 31, 12, tzinfo=ZoneInfo("Europe/Paris"))),
        ("2026-01-31T12:00:00+00:00", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2026-01-31T12:00:00Z", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("31 Jan 2026 12:00 UTC", datetime(2026, 1, 31, 12, tzinfo=UTC)),
    ],
)
def test_dates_without_a_zone_are_in_the_default_one(
    text: str, expected: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__DEFAULT_TIMEZONE", "Europe/Paris")
    assert parse_date(text) == expected


def test_what_is_no_date_says_what_is(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="'tomorrowish' is not a date: write 2026-01-31"):
        parse_date("tomorrowish")
    monkeypatch.setenv("AIRFLOW__CORE__DEFAULT_TIMEZONE", "Mars/Olympus")
    with pytest.raises(ConfigError, match=r"default_timezone is 'Mars/Olympus'; allowed: utc"):
        parse_date("2026-01-31")


TEXTS = {
    "warehouse": "postgres://me:s3cret@db.example.org:5432/sales?sslmode=require",
    "web": '{"conn_type": "http", "host": "h", "schema": "s", "extra": {"a": [1]}}',
}


@pytest.mark.parametrize("form", ["json", "yaml", "env"])
@pytest.mark.parametrize("values", ["uri", "json"])
def test_what_is_exported_can_be_imported(form: str, values: str, tmp_path: Path) -> None:
    given = [connection_file.parse(conn_id, text) for conn_id, text in TEXTS.items()]
    path = tmp_path / f"connections.{form}"
    path.write_text(connection_file.text_of(given, form, values))
    assert connection_file.read(str(path)) == given


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("c.txt", "", "must end in .json, .yaml or .env"),
        ("c.json", "[1]", "must hold one object"),
        ("c.json", "{", "not valid JSON"),
        ("c.yaml", "a: [", "not valid YAML"),
        ("c.json", '{"a": 3}', "must be a URI or an object"),
        ("c.json", '{"a": {"conn_type": "x", "hots": "y"}}', "has no field 'hots'"),
        ("c.json", '{"a": {"conn_type": "x", "port": "y"}}', "'a' cannot be read"),
        ("c.env", "just words", "line 1: write CONN_ID=URI"),
        ("c.env", "a=nothing", "has no type"),
    ],
)
def test_a_file_of_connections_that_cannot_be_read_says_why(
    name: str, text: str, message: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(UserError, match=message):
        connection_file.read(str(path))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"The file .*none\.json does not exist"):
        connection_file.read(str(tmp_path / "none.json"))


SPEC: Any = {
    "dag_id": "demo",
    "tasks": [
        {"task_id": "a", "type": "EmptyOperator", "downstream": ["b", "c"]},
        {"task_id": "b", "type": "BashOperator", "downstream": ["d"]},
        {"task_id": "c", "type": "BashOperator", "downstream": ["d"]},
        {"task_id": "d", "type": "EmptyOperator", "downstream": ["e"]},
        {"task_id": "e", "type": "EmptyOperator"},
    ],
    "edge_labels": {"a": {"b": "yes"}},
}


def test_a_task_with_two_upstreams_is_told_once() -> None:
    assert list(tree_lines(SPEC)) == [
        "demo (5 tasks)",
        "a <EmptyOperator>",
        "├─ b <BashOperator>",
        "│  └─ d <EmptyOperator>",
        "│     └─ e <EmptyOperator>",
        "└─ c <BashOperator>",
        "   └─ d <EmptyOperator> (see above)",
    ]


def test_a_graph_in_dot_has_all_edges() -> None:
    text = "\n".join(dot_lines(SPEC))
    assert '"a" -> "b" [label="yes"];' in text
    assert text.count("->") == 5


def test_a_log_is_shown_as_text(tmp_path: Path) -> None:
    records: list[Any] = [
        {
            "timestamp": "2026-01-01T01:02:03.4Z",
            "level": "info",
            "event": "one\ntwo",
            "logger": "t",
        },
        {
            "timestamp": "2026-01-01T01:02:04Z",
            "level": "info",
            "event": "p",
            "logger": "task.stdout",
        },
        {
            "timestamp": "2026-01-01T01:02:05Z",
            "level": "error",
            "event": "failed",
            "error_detail": [
                {
                    "exc_type": "ValueError",
                    "exc_value": "boom",
                    "frames": [{"filename": "d.py", "lineno": 3, "name": "f"}],
                }
            ],
        },
    ]
    path = tmp_path / "attempt=1.log"
    path.write_text("\n".join([*map(json.dumps, records), "raw words", '"a string"']))
    assert list(lines(path)) == [
        "01:02:03 INFO    one",
        "two",
        "01:02:04 p",
        "01:02:05 ERROR   failed",
        "Traceback (most recent call last):",
        '  File "d.py", line 3, in f',
        "ValueError: boom",
        "raw words",
        '"a string"',
    ]


def test_a_log_that_is_not_there_is_no_error(tmp_path: Path) -> None:
    assert "cannot be read" in next(lines(tmp_path / "none.log"))


@pytest.mark.parametrize(
    ("url", "command", "env"),
    [
        ("sqlite:////srv/a.db", ["sqlite3", "/srv/a.db"], {}),
        (
            "postgresql+psycopg://me:pw@h:5433/db",
            ["psql", "-h", "h", "-p", "5433", "-U", "me", "-d", "db"],
            {"PGPASSWORD": "pw"},
        ),
    ],
)
def test_the_databases_client_gets_no_password_on_its_command_line(
    url: str, command: list[str], env: dict[str, str]
) -> None:
    from sqlalchemy import make_url

    assert client_command(make_url(url)) == (command, env)


@pytest.mark.parametrize(
    ("installed", "named"),
    [
        (["apache_airflow_core-3.3.2"], "apache-airflow-core is"),
        (["apache_airflow-2.11.0"], "apache-airflow is"),
        (["apache_airflow_providers_standard-1.21.0"], "apache-airflow-providers-standard is"),
        (
            ["apache_airflow-3.3.2", "apache_airflow_core-3.3.2", "apache_airflow_task_sdk-1.3.2"],
            "apache-airflow and apache-airflow-core and apache-airflow-task-sdk are",
        ),
        (["apache_airflow-3.3.2"], None),  # holds no code
        (["apache_airflow_providers_http-6.3.0", "apache_airflow_client-3.3.2"], None),
    ],
)
def test_what_overwrites_our_files_is_refused_all_of_it_by_name(
    installed: list[str], named: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "site-packages"
    for name in installed:
        (folder / f"{name}.dist-info").mkdir(parents=True)
    monkeypatch.setattr(sys, "path", [str(folder), str(tmp_path / "gone" / "site-packages")])
    if named is None:
        refuse_real_airflow()
        return
    with pytest.raises(UserError, match=f"{named} installed in"):
        refuse_real_airflow()
