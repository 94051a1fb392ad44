"""Wall clocks of their own for process trees, by the preloaded library of ``libfaketime``."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

_LIBRARY = "vendor/libfaketime/src/libfaketime.so.1"
_HOUR_S = 3600


class Clock:
    """The wall clock of a process tree: ``jump`` sets it while the processes run."""

    def __init__(self, folder: Path) -> None:
        spec = importlib.util.find_spec("libfaketime")
        assert spec is not None
        assert spec.origin is not None
        self._file = folder / "clock"
        self.jump(0)
        self.env = {
            "LD_PRELOAD": str(Path(spec.origin).parent / _LIBRARY),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }

    def check(self) -> None:
        """Skip where the library cannot be preloaded (another platform); fail when CI is set."""
        self.jump(_HOUR_S)
        program = [sys.executable, "-c", "import time; print(time.time())"]
        said = subprocess.run(
            program, env={**os.environ, **self.env}, capture_output=True, text=True, check=False
        )
        self.jump(0)
        if said.returncode == 0 and abs(float(said.stdout) - time.time() - _HOUR_S) < 600:
            return
        why = f"libfaketime does not work here: {said.stdout}{said.stderr}"
        if os.environ.get("CI"):
            pytest.fail(why, pytrace=False)
        pytest.skip(why)

    def jump(self, seconds: int) -> None:
        """Set the clock so many seconds from the real time."""
        fresh = self._file.with_suffix(".new")
        fresh.write_text(f"{seconds:+d}\n")
        os.replace(fresh, self._file)
