"""``dags``: the database's view, and with ``--local`` the files'."""

from __future__ import annotations

import json
from pathlib import Path

from tests.engine.cli.home import DEMO, Cli

BROKEN = "from airflow import DAG\nimport nosuchmodule\n"
ASKS = """
from airflow.sdk import DAG, Variable

with DAG(Variable.get("name"), schedule=None):
    pass
"""


def ids(cli: Cli, *words: str) -> list[str]:
    code, out, err = cli("dags", "list", "-o", "json", *words)
    assert code == 0, err
    return [row["dag_id"] for row in json.loads(out)]


def test_local_shows_the_files_and_leaves_the_database_alone(migrated: Cli, home: Path) -> None:
    (home / "dags").mkdir()
    (home / "dags" / "demo.py").write_text(DEMO)
    (home / "dags" / "asks.py").write_text(ASKS)
    (home / "dags" / "broken.py").write_text(BROKEN)
    migrated("variables", "set", "name", "asked")
    assert ids(migrated, "--local") == ["asked", "demo"]
    code, out, _ = migrated("dags", "list-import-errors", "--local", "-o", "json")
    assert code == 1
    (error,) = json.loads(out)
    assert (error["filepath"], "nosuchmodule" in error["error"]) == ("broken.py", True)
    assert ids(migrated) == []
    assert migrated("dags", "list-import-errors")[0] == 0
    (home / "dags" / "broken.py").unlink()
    assert migrated("dags", "list-import-errors", "--local")[0] == 0


def test_local_needs_no_database(cli: Cli, home: Path) -> None:
    (home / "dags").mkdir()
    (home / "dags" / "demo.py").write_text(DEMO)
    assert ids(cli, "-l") == ["demo"]
    assert [path.name for path in home.iterdir() if path.name != "dags"] == []


def test_local_shows_what_is_paused(with_demo: Cli) -> None:
    with_demo("dags", "unpause", "demo")
    _, out, _ = with_demo("dags", "list", "-l", "-o", "json")
    assert json.loads(out)[0]["is_paused"] == "False"


def test_reserialize_says_when_there_is_no_folder(migrated: Cli, home: Path) -> None:
    code, out, err = migrated("dags", "reserialize")
    assert (code, out) == (0, "Read 0 files; 0 DAGs have a new version.\n")
    assert f"There is no folder {home / 'dags'} (bundle dags-folder)" in err
