"""Runs a command and logs its output line by line."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from typing import NamedTuple

from slipstream.sdk.hook import BaseHook

_PATIENCE_S = 3
"""Less than the grace that the worker host gives a task after its execution_timeout."""


class SubprocessResult(NamedTuple):
    """How a command ended: its exit code and the last line of its output."""

    exit_code: int
    output: str


@contextlib.contextmanager
def working_directory(cwd: str | None = None) -> Iterator[str]:
    """Give ``cwd``, or a temporary folder that is gone afterwards."""
    if cwd is not None:
        yield cwd
        return
    with tempfile.TemporaryDirectory(prefix="airflowtmp") as folder:
        yield folder


class SubprocessHook(BaseHook):
    """Runs commands in a process group of their own."""

    def __init__(self, **kwargs: object) -> None:
        super().__init__()
        self.sub_process: subprocess.Popen[bytes] | None = None

    def run_command(
        self,
        command: list[str],
        env: dict[str, str] | None = None,
        output_encoding: str = "utf-8",
        cwd: str | None = None,
    ) -> SubprocessResult:
        """Run it, log what it prints on both streams, and wait for its end."""
        self.log.info("Running command: %s", command)
        with working_directory(cwd) as folder:
            # Python ignores SIGPIPE and SIGXFSZ; `restore_signals` gives the child the defaults.
            self.sub_process = subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env=env,
                start_new_session=True,
            )
            line = ""
            assert self.sub_process.stdout is not None
            with self.sub_process.stdout as stdout:
                for raw in stdout:
                    line = raw.decode(output_encoding, errors="backslashreplace").rstrip()
                    self.log.info("%s", line)
            code = self.sub_process.wait()
        self.log.info("The command ended with exit code %s", code)
        return SubprocessResult(exit_code=code, output=line)

    def send_sigterm(self) -> None:
        """Ask the command and its children to end, and end those that do not within seconds."""
        process = self.sub_process
        if process is None or process.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
            for _ in range(_PATIENCE_S * 20):
                time.sleep(0.05)
                process.poll()  # a leader that nobody waited for still counts as its group
                os.killpg(process.pid, 0)
            self.log.warning("The command goes on after SIGTERM; it is killed")
            os.killpg(process.pid, signal.SIGKILL)
