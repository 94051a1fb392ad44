"""The example DAGs end in the states that Airflow 3.3.2 ends them in.

``states.json`` was written by ``dag.test(logical_date=2024-06-03)`` under the real Airflow. Left
out are files that its table of reasons names, and DAGs that need the network or asset events.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .conftest import Examples

EXPECTED: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parent / "states.json").read_text()
)
CASES = [(name, dag_id) for name, dags in EXPECTED.items() for dag_id in dags]
DATE = "2024-06-03"
RUN_ID = f"manual__{DATE}T00:00:00+00:00"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


def slipstream(examples: Examples, home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "slipstream.cli.main", *words],
        env=examples.environment(home),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.mark.parametrize(("name", "dag_id"), CASES)
def test_the_run_ends_as_under_airflow(
    examples: Examples, home: Path, name: str, dag_id: str
) -> None:
    expected = EXPECTED[name][dag_id]
    file = str(examples.path(name))
    run = slipstream(examples, home, "dags", "test", dag_id, DATE, "-f", file)
    states = slipstream(examples, home, "tasks", "states-for-dag-run", dag_id, RUN_ID, "-o", "json")
    assert states.returncode == 0, f"{run.stdout}\n{run.stderr}\n{states.stderr}"
    found = {row["task_id"]: row["state"] for row in json.loads(states.stdout)}
    assert found == expected["tasks"], run.stdout[-3000:]
    assert run.returncode == (0 if expected["state"] == "success" else 1)
