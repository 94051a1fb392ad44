from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.scheduler.harness import Rig, sqlite_url


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    rig = Rig(sqlite_url(tmp_path))
    yield rig
    rig.close()
