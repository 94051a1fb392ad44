"""``config``: what is printed is what holds, and an old file is brought up to date."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from slipstream.cli.main import main
from slipstream.config import Config, conf

Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in os.environ:
        if name.startswith("AIRFLOW"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    conf.reload()
    return tmp_path


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    def run(*words: str) -> tuple[int, str, str]:
        code = main(words)
        out, err = capsys.readouterr()
        return code, out, err

    return run


def test_the_list_is_an_airflow_cfg_of_the_same_meaning(
    cli: Cli, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = {
        "LOGGING__LOG_FORMAT": "%(asctime)s 100%",
        "CORE__DAG_IGNORE_FILE_SYNTAX": "regexp",
        "API__ACCESS_CONTROL_ALLOW_ORIGINS": "a # no comment",
        "EMAIL__SUBJECT_TEMPLATE": "one\ntwo\nthree",
        "CORE__FERNET_KEY": "a-secret-key",
    }
    for name, value in values.items():
        monkeypatch.setenv(f"AIRFLOW__{name}", value)
    _, out, _ = cli("config", "list", "--show-values")
    _, hidden, _ = cli("config", "list", "--show-values", "--hide-sensitive")
    assert "a-secret-key" not in hidden
    assert "# fernet_key = < hidden >" in hidden.splitlines()
    for name in values:
        monkeypatch.delenv(f"AIRFLOW__{name}")
    (home / "airflow.cfg").write_text(out)
    again = Config()
    for name, value in values.items():
        section, _, key = name.lower().partition("__")
        assert again.get(section, key) == value


def test_lint_tells_of_an_old_name_once(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__DAG_CONCURRENCY", "3")
    told = "AIRFLOW__CORE__DAG_CONCURRENCY is an old name of [core] max_active_tasks_per_dag.\n"
    assert cli("config", "lint") == (1, told, "")


OLD = """\
# ours
[core]
dag_concurrency = 3
# where the data is
sql_alchemy_conn = postgresql://u:p%%40@h/
    db
parallelism = 4
check_slas = True

[webserver]
web_server_port = 8081

[api]
port = 8082
"""
NEW = """\
# ours
[core]
max_active_tasks_per_dag = 3
# where the data is
parallelism = 4

[webserver]

[api]
port = 8082

[database]
sql_alchemy_conn = postgresql://u:p%%40@h/
    db
"""


def test_update_renames_and_removes_what_is_old(cli: Cli, home: Path) -> None:
    path = home / "airflow.cfg"
    path.write_text(OLD)
    path.chmod(0o640)
    code, out, _ = cli("config", "update")
    assert code == 0
    assert "[core] dag_concurrency becomes [core] max_active_tasks_per_dag." in out
    assert "Nothing was changed" in out
    assert path.read_text() == OLD
    assert cli("config", "update", "--fix", "--ignore-section", "core,webserver")[0] == 0
    assert path.read_text() == OLD
    cli("config", "update", "--fix")
    assert path.read_text() == NEW
    assert path.stat().st_mode & 0o777 == 0o640
    assert (home / "airflow.cfg.bak").read_text() == OLD
    assert cli("config", "update", "--fix")[1] == f"{path} uses today's names.\n"


def test_lint_names_options_that_only_airflow_reads_and_finds_no_fault(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__METRICS__STATSD_ON", "True")
    monkeypatch.setenv("AIRFLOW__CORE__PARALLELISM", "4")
    code, out, _ = cli("config", "lint")
    assert code == 0
    assert "AIRFLOW__METRICS__STATSD_ON has no effect in Slipstream." in out
    assert "PARALLELISM" not in out


def test_descriptions_say_what_an_option_does(cli: Cli) -> None:
    _, out, _ = cli("config", "list", "--section", "core", "--include-descriptions")
    lines = out.splitlines()
    at = next(n for n, line in enumerate(lines) if line.lstrip("# ").startswith("load_examples"))
    assert "# Show the example DAGs." in lines[at - 3 : at]
