"""A whole installation for tests: ``slipstream standalone`` in a process, on a home of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

DEADLINE_S = 60.0


def wait_for(condition: Callable[[], Any], what: str, deadline_s: float = DEADLINE_S) -> Any:
    """Return the condition's first true value; fail after the deadline."""
    ends_at = time.monotonic() + deadline_s
    while time.monotonic() < ends_at:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError(f"not within {deadline_s:g} s: {what}")


class Standalone:
    """A supervisor in a process of its own, on its own home."""

    def __init__(self, home: Path, **options: str | None) -> None:
        self.home = home
        kept = {name: text for name, text in os.environ.items() if not name.startswith("AIRFLOW")}
        kept.pop("PYTHONDONTWRITEBYTECODE", None)
        given: dict[str, str | None] = {
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": "0",
            **options,
        }
        self.env = {**kept, **{name: text for name, text in given.items() if text is not None}}
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "slipstream.cli.main", "standalone"],
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    @property
    def output(self) -> str:
        return "\n".join(self.lines)

    def wait_until_ready(self) -> str:
        """Return the URL that people are told."""

        def url() -> str | None:
            assert self.process.poll() is None, self.output
            found = re.search(r"Open (https?://\S+) and log in", self.output)
            return found.group(1) if found else None

        return str(wait_for(url, "ready"))

    def wait_for_end(self, deadline_s: float = DEADLINE_S) -> int:
        code = self.process.wait(deadline_s)
        self._reader.join(deadline_s)
        return code

    def processes(self) -> dict[int, str]:
        """Return all processes on this home: pid to command line."""
        mark = f"AIRFLOW_HOME={self.home}".encode()
        found = {}
        for name in os.listdir("/proc"):
            if not name.isdigit():
                continue
            try:
                environ = Path(f"/proc/{name}/environ").read_bytes()
                command = Path(f"/proc/{name}/cmdline").read_bytes()
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue
            if mark in environ.split(b"\0") and command:
                found[int(name)] = command.replace(b"\0", b" ").decode(errors="replace").strip()
        return found

    def pid_of(self, part: str) -> int | None:
        own = re.compile(rf"slipstream {part}( |$)")
        return next((pid for pid, line in self.processes().items() if own.search(line)), None)

    def cli(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "slipstream.cli.main", *words],
            env=self.env,
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
        )
        return done.stdout + done.stderr

    def close(self) -> None:
        for pid in [*self.processes(), self.process.pid]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.process.wait(DEADLINE_S)
        self._reader.join(DEADLINE_S)
        assert self.process.stdout is not None
        self.process.stdout.close()
