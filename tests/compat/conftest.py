"""Fetches Airflow's example DAG files at test time; they are never part of the repository."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

WHEELS = (
    "apache-airflow-core==3.3.2",
    "apache-airflow-providers-standard==1.21.0",
    "apache-airflow-providers-common-compat==1.23.0",
)
LIBRARIES = ("requests>=2.32",)
"""What the examples import beside Airflow."""
WANTED = (
    "airflow/example_dags/",
    "airflow/providers/standard/example_dags/",
    "airflow/providers/common/compat/",
)
_CACHE = Path(tempfile.gettempdir()) / "slipstream-compat-wheels"
_TIMEOUT_S = 300


@dataclass(frozen=True)
class Examples:
    """The unpacked examples."""

    root: Path

    def path(self, name: str) -> Path:
        """Return an example's file; names are unique over both wheels."""
        for folder in ("airflow/example_dags", "airflow/providers/standard/example_dags"):
            path = self.root / folder / f"{name}.py"
            if path.exists():
                return path
        raise FileNotFoundError(name)

    def names(self) -> set[str]:
        """Return the names of all example files."""
        found = (
            path.stem
            for folder in ("airflow/example_dags", "airflow/providers/standard/example_dags")
            for path in (self.root / folder).glob("*.py")
        )
        return {name for name in found if name != "__init__"}

    def environment(self, home: Path) -> dict[str, str]:
        """Return the environment to load and run them in."""
        return {
            **{k: v for k, v in os.environ.items() if not k.startswith("AIRFLOW")},
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.root / "airflow/example_dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(self.root / "airflow/example_dags/plugins"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "PYTHONPATH": str(self.root),
            "PYTHONWARNINGS": "ignore",
        }


def _pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    if done.returncode == 0:
        return
    message = f"pip cannot fetch Airflow's examples: {done.stderr.strip()[-500:]}"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="session")
def examples() -> Examples:
    """Give the examples, from the cache if they were fetched before."""
    root = _CACHE / "unpacked"
    _CACHE.mkdir(exist_ok=True)
    with open(_CACHE / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one process fetches, the others wait
        if not (root / ".complete").exists():
            _fetch(root)
    return Examples(root)


def _fetch(root: Path) -> None:
    wheels = _CACHE / "wheels"
    _pip("download", "--no-deps", "-d", str(wheels), *WHEELS)
    _pip("install", "--upgrade", "--target", str(root), *LIBRARIES)
    for wheel in wheels.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            members = [n for n in archive.namelist() if n.startswith(WANTED)]
            archive.extractall(root, members)
    (root / ".complete").touch()
