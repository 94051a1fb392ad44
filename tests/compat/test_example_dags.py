"""Airflow's own example DAG files import, or fail with the one reason in the table."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .conftest import Examples

HERE = Path(__file__).parent


def _module(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(f"compat_{name}", HERE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


table = _module("table")


@pytest.fixture(scope="module")
def loaded(examples: Examples, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Give what each file defines, loaded in one process."""
    home = tmp_path_factory.mktemp("home")
    done = subprocess.run(
        [
            sys.executable,
            str(HERE / "load.py"),
            *sorted(str(examples.path(n)) for n in examples.names()),
        ],
        env=examples.environment(home),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    assert lines, done.stderr[-3000:]
    result: dict[str, Any] = json.loads(lines[-1].removeprefix("RESULT "))
    return result


def test_the_table_names_only_files_that_exist(loaded: dict[str, Any]) -> None:
    assert set(table.REASONS) | set(table.NO_DAGS) <= set(loaded)


def test_every_file_imports_or_fails_with_its_reason(loaded: dict[str, Any]) -> None:
    wrong = {}
    for name, result in loaded.items():
        reason = table.REASONS.get(name)
        if reason is None:
            is_right = not result["errors"] and bool(result["dags"]) != (name in table.NO_DAGS)
        else:
            is_right = len(result["errors"]) == 1 and result["errors"][0].startswith(reason)
        if not is_right:
            wrong[name] = result
    assert wrong == {}
