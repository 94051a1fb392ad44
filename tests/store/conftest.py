"""What the store's tests are made of: a fixed time, runs, decisions, and other processes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.store.build import AFTER, Spawn


@pytest.fixture
def spawn(tmp_path: Path) -> Iterator[Spawn]:
    """Start Python processes that run a function of ``tests.store.process``; kill what is left."""
    started: list[subprocess.Popen[str]] = []

    def start(function: str, *args: str) -> subprocess.Popen[str]:
        code = f"import sys; from tests.store import process; process.{function}(*sys.argv[1:])"
        process = subprocess.Popen(
            [sys.executable, "-c", code, *args],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate(timeout=AFTER)
