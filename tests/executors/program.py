"""A program that a test starts: its log, its process tree, and its end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from slipstream.worker import sweeper

_HIDDEN = ("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "AIRFLOW__API_AUTH__JWT_SECRET")


class Program:
    """A process in a session of its own that knows neither the database nor the key."""

    stop_signal = signal.SIGTERM

    def __init__(self, home: Path, name: str, command: Sequence[str], env: dict[str, str]) -> None:
        self.name = name
        self._log = home / f"{name}.log"
        self._command = command
        self._env = env
        self.popen: subprocess.Popen[bytes]
        self.start()

    def start(self) -> None:
        environment = {k: v for k, v in os.environ.items() if k not in _HIDDEN} | self._env
        with open(self._log, "ab") as log:
            self.popen = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                start_new_session=True,
            )

    @property
    def log(self) -> str:
        return self._log.read_text()

    @property
    def pid(self) -> int:
        return self.popen.pid

    def signal(self, number: signal.Signals) -> None:
        self.popen.send_signal(number)

    def wait(self, timeout_s: float = 30.0) -> int:
        return self.popen.wait(timeout_s)

    def tree(self) -> list[int]:
        return [self.pid, *sweeper.descendants(self.pid)]

    def kill_all(self) -> None:
        """Kill it and all below it, as a machine's end does."""
        for pid in self.tree():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.popen.wait()

    def stop(self) -> None:
        if self.popen.poll() is None:
            self.signal(self.stop_signal)
            try:
                self.wait(15)
            except subprocess.TimeoutExpired:
                self.kill_all()
