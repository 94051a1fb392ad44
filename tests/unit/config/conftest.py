from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from slipstream.config import Config


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty AIRFLOW_HOME, and an environment that sets no option."""
    for name in os.environ:
        if name.startswith("AIRFLOW"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def conf(home: Path) -> Config:
    return Config()


@pytest.fixture
def airflow_cfg(home: Path) -> Callable[[str], Path]:
    """Write the home's airflow.cfg."""

    def write(text: str) -> Path:
        path = home / "airflow.cfg"
        path.write_text(text)
        return path

    return write
