"""The search finds what Airflow's does: ignore_cases.json holds Airflow's answers."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import pytest

from slipstream.dagprocessor.discovery import Scanner
from slipstream.dagprocessor.ignore import no_rules
from slipstream.errors import ConfigError

CASES = json.loads(Path(__file__).with_name("ignore_cases.json").read_text())


def _scan(root: Path, *, safe_mode: bool = True, syntax: str = "glob") -> set[str]:
    return set(Scanner(str(root), syntax=syntax, safe_mode=safe_mode).scan().dag_files)


@pytest.mark.parametrize("number", range(len(CASES)))
def test_ignores_what_airflow_ignores(tmp_path: Path, number: int) -> None:
    syntax, files, kept = CASES[number]
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert _scan(tmp_path, safe_mode=False, syntax=syntax) == set(kept)


def test_an_unknown_syntax_names_the_option() -> None:
    with pytest.raises(ConfigError, match=r"\[core\] dag_ignore_file_syntax is 'wildcard'"):
        no_rules("wildcard")


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("from airflow import DAG", True),
        ("AIRFLOW and Dag, in any case", True),
        ("airflow asset", True),
        ("airflow", False),
        ("dag", False),
        ("", False),
    ],
)
def test_safe_mode_wants_two_words(tmp_path: Path, text: str, is_found: bool) -> None:
    (tmp_path / "x.py").write_text(text)
    assert ("x.py" in _scan(tmp_path)) == is_found
    assert _scan(tmp_path, safe_mode=False) == {"x.py"}


def test_archives_count_and_what_only_looks_like_one_does_not(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "real.zip", "w") as archive:
        archive.writestr("x.py", "")
    (tmp_path / "fake.zip").write_text("airflow dag")
    (tmp_path / "airflow_dag.txt").write_text("airflow dag")
    assert _scan(tmp_path) == {"real.zip"}


def test_other_python_files_are_modules(tmp_path: Path) -> None:
    (tmp_path / "lib.py").write_text("X = 1")
    found = Scanner(str(tmp_path), syntax="glob", safe_mode=True).scan()
    assert set(found.modules) == {"lib.py"}


def test_a_second_scan_sees_what_changed(tmp_path: Path) -> None:
    scanner = Scanner(str(tmp_path), syntax="glob", safe_mode=True)
    path = tmp_path / "x.py"
    path.write_text("no such words")
    assert not scanner.scan().dag_files
    path.write_text("airflow dag")
    os.utime(path, (1, 1))
    first = scanner.scan().dag_files["x.py"]
    os.utime(path, (2, 2))
    assert scanner.scan().dag_files["x.py"] != first


def test_links_that_lead_nowhere_harm_nothing(tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("one")
    (tmp_path / "itself.py").symlink_to("itself.py")
    (tmp_path / "gone.py").symlink_to("/nowhere/gone.py")
    (tmp_path / "d.py").write_text("from airflow.sdk import DAG")
    assert _scan(tmp_path) == {"d.py"}


def test_a_root_that_does_not_exist_is_empty(tmp_path: Path) -> None:
    assert _scan(tmp_path / "nothing") == set()
