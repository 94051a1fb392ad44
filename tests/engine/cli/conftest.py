"""Commands on a real SQLite database, run in the test's process."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.engine.cli.home import DEMO, Cli

from slipstream.cli.main import main


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in os.environ:
        if name.startswith("AIRFLOW"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.setenv("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
    return tmp_path


@pytest.fixture
def cli(home: Path, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Run a command in this process and return its exit code, output and errors."""

    def run(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        try:
            code = main(words)
        except SystemExit as end:
            code = int(end.code or 0)
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def migrated(cli: Cli) -> Cli:
    assert cli("db", "migrate")[0] == 0
    return cli


@pytest.fixture
def with_demo(migrated: Cli, home: Path) -> Cli:
    (home / "dags").mkdir()
    (home / "dags" / "demo.py").write_text(DEMO)
    assert migrated("dags", "reserialize")[0] == 0
    return migrated
