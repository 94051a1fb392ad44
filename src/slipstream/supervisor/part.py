"""One supervised process: how it starts, what it prints, when it starts again."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence

_FIRST_DELAY_S, _LONGEST_DELAY_S = 0.2, 30.0
_GOOD_LIFE_S = 60.0
_MAX_LINE = 64 * 1024


class Part:
    """A process and the pipe on which its output arrives. All times are monotonic seconds."""

    def __init__(self, name: str, command: Sequence[str], fds: Sequence[int] = ()) -> None:
        """``fds`` are descriptors that the process inherits."""
        self.name = name
        self._fds = tuple(fds)
        self._command = list(command)
        self._process: subprocess.Popen[bytes] | None = None
        self._unfinished = b""
        self._started_at = 0.0
        self._n_quick_deaths = 0
        self.restart_at: float | None = None

    @property
    def pid(self) -> int | None:
        """The process's id; None when it does not run."""
        return self._process.pid if self._process else None

    @property
    def output(self) -> int | None:
        """The descriptor on which output arrives; it may outlive the process for a moment."""
        pipe = self._process.stdout if self._process else None
        return pipe.fileno() if pipe and not pipe.closed else None

    def start(self, env: Mapping[str, str], now: float) -> None:
        """Start the process, in a process group of its own: Ctrl-C is for the supervisor."""
        self.restart_at = None
        self._started_at = now
        self._process = subprocess.Popen(
            self._command,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            process_group=0,
            pass_fds=self._fds,
        )
        assert self._process.stdout is not None
        os.set_blocking(self._process.stdout.fileno(), False)

    def read_lines(self) -> tuple[list[str], bool]:
        """Return the complete lines that have arrived, and whether more may come."""
        assert self._process is not None
        assert self._process.stdout is not None
        try:
            data = os.read(self._process.stdout.fileno(), _MAX_LINE)
        except BlockingIOError:
            return [], True
        if not data:
            lines = [self._unfinished] if self._unfinished else []
            self._unfinished = b""
            return [line.decode(errors="replace") for line in lines], False
        *lines, self._unfinished = (self._unfinished + data).split(b"\n")
        if len(self._unfinished) > _MAX_LINE:
            lines, self._unfinished = [*lines, self._unfinished], b""
        return [line.decode(errors="replace") for line in lines], True

    def close_output(self) -> None:
        if self._process is not None and self._process.stdout is not None:
            self._process.stdout.close()

    def ended(self, code: int, now: float) -> float:
        """Take note that the process has ended; return after how many seconds to start it again."""
        if self._process is not None:
            self._process.returncode = code  # reaped by the supervisor, which reaps all
            self._process = None
        self._unfinished = b""
        if now - self._started_at > _GOOD_LIFE_S:
            self._n_quick_deaths = 0
        delay_s = min(_LONGEST_DELAY_S, _FIRST_DELAY_S * 2.0**self._n_quick_deaths)
        self._n_quick_deaths += 1
        self.restart_at = now + delay_s
        return delay_s

    def terminate(self) -> None:
        if self.pid is not None:
            os.kill(self.pid, signal.SIGTERM)


def in_words(code: int) -> str:
    """Return how a process ended, for people."""
    if code < 0:
        return f"was killed by {signal.Signals(-code).name}"
    return "ended" if code == 0 else f"ended with exit code {code}"
