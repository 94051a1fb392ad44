"""The example DAGs end in the states that Airflow 3.3.2 ends them in.

``states.json`` was written by ``dag.test(logical_date=2024-06-03)`` under the real Airflow. Left
out are files that its table of reasons names, and DAGs that need the network or asset events.
DAGs that branch on the time of the day or the day of the week run at the time of that recording.
"""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.faketime import Clock

if TYPE_CHECKING:
    from .conftest import Examples

EXPECTED: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parent / "states.json").read_text()
)
CASES = [(name, dag_id) for name, dags in EXPECTED.items() for dag_id in dags]
DATE = "2024-06-03"
RUN_ID = f"manual__{DATE}T00:00:00+00:00"
RECORDED_AT = datetime(2026, 11, 23, 16, tzinfo=UTC)
BY_THE_CLOCK = ("example_branch_datetime_operator", "example_branch_day_of_week_operator")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def time_of_recording(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Give the environment in which it is that time."""
    clock = Clock(tmp_path_factory.mktemp("clock"))
    clock.check()
    clock.jump(int((RECORDED_AT - datetime.now(UTC)).total_seconds()))
    return clock.env


def slipstream(
    examples: Examples, home: Path, *words: str, **environ: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "slipstream.cli.main", *words],
        env={**examples.environment(home), **environ},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.mark.parametrize(("name", "dag_id"), CASES)
def test_the_run_ends_as_under_airflow(
    examples: Examples,
    home: Path,
    name: str,
    dag_id: str,
    request: pytest.FixtureRequest,
) -> None:
    expected = EXPECTED[name][dag_id]
    clock = request.getfixturevalue("time_of_recording") if name in BY_THE_CLOCK else {}
    file = str(examples.path(name))
    run = slipstream(examples, home, "dags", "test", dag_id, DATE, "-f", file, **clock)
    states = slipstream(examples, home, "tasks", "states-for-dag-run", dag_id, RUN_ID, "-o", "json")
    assert states.returncode == 0, f"{run.stdout}\n{run.stderr}\n{states.stderr}"
    found = {row["task_id"]: row["state"] for row in json.loads(states.stdout)}
    assert found == expected["tasks"], run.stdout[-3000:]
    assert run.returncode == (0 if expected["state"] == "success" else 1)
