"""Bundles: the DAGs folder, or what the configuration lists."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from slipstream.errors import UserError
from slipstream.sdk import bundle
from slipstream.sdk.dag import DAG

LOCAL = "airflow.dag_processing.bundles.local.LocalDagBundle"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.setenv("AIRFLOW__CORE__DAGS_FOLDER", str(tmp_path / "dags"))
    monkeypatch.setenv("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
    return tmp_path


def configure(monkeypatch: pytest.MonkeyPatch, listed: Any) -> None:
    text = listed if isinstance(listed, str) else json.dumps(listed)
    monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST", text)


def test_without_a_list_there_is_the_dags_folder(home: Path) -> None:
    assert bundle.roots() == {"dags-folder": home / "dags"}
    assert bundle.resolve("dags-folder", "a/b.zip/c.py") == home / "dags/a/b.zip"


def test_listed_bundles_are_found_and_can_be_imported_from(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    team = {"name": "team", "classpath": LOCAL, "kwargs": {"path": str(home / "team")}}
    configure(monkeypatch, [{"name": "mine", "classpath": LOCAL, "kwargs": {}}, team])
    monkeypatch.setenv("AIRFLOW__CORE__LOAD_EXAMPLES", "True")
    assert bundle.roots() == {
        "mine": home / "dags",
        "team": home / "team",
        "example_dags": bundle.example_dags(),
    }
    assert bundle.resolve("team", "x.py") == home / "team/x.py"
    assert str(home / "team") in bundle.import_folders()
    with pytest.raises(UserError, match="'other'; known are 'mine', 'team'"):
        bundle.resolve("other", "x.py")


@pytest.mark.parametrize(
    ("listed", "told"),
    [
        ("[1", "valid JSON"),
        ([], "at least one bundle"),
        ({"name": "x"}, "JSON list"),
        ([{"classpath": LOCAL}], "needs a name"),
        ([{"name": "x", "classpath": "airflow.x.GitDagBundle"}], "GitDagBundle"),
        ([{"name": "x", "classpath": LOCAL}] * 2, "'x' is taken"),
    ],
)
def test_a_bad_list_is_told(listed: Any, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(monkeypatch, listed)
    with pytest.raises(UserError, match=told):
        bundle.roots()


def test_a_dag_knows_where_in_its_bundle_it_is(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    team = {"name": "team", "classpath": LOCAL, "kwargs": {"path": str(home / "dags/team")}}
    configure(monkeypatch, [{"name": "mine", "classpath": LOCAL, "kwargs": {}}, team])
    assert bundle.relative_of(str(home / "dags/a/b.zip/c.py")) == "a/b.zip/c.py"
    assert bundle.relative_of(str(home / "dags/team/x.py")) == "x.py"
    assert bundle.relative_of(str(home / "dags_of_others/x.py")) == "x.py"
    dag = DAG("d")
    dag.fileloc = str(home / "dags/deep/x.py")
    assert dag.relative_fileloc == "deep/x.py"
