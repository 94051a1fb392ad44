"""One supervised process: how it starts, what it prints, when it starts again."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence

from slipstream.supervisor.fork import Body, fork

_FIRST_DELAY_S, _LONGEST_DELAY_S = 0.2, 5.0
_GOOD_LIFE_S = 60.0
_MAX_LINE = 64 * 1024


class Output:
    """A pipe on which a process's lines arrive.

    It may outlive the process: what that has started (a worker host) writes to it as well.
    """

    def __init__(self, name: str, descriptor: int) -> None:
        self.name = name
        self.is_open = True
        self._descriptor = descriptor
        self._unfinished = b""
        os.set_blocking(descriptor, False)

    def fileno(self) -> int:
        return self._descriptor

    def read_lines(self) -> list[str]:
        """Return the complete lines that have arrived; not ``is_open`` when no more can come."""
        try:
            data = os.read(self._descriptor, _MAX_LINE)
        except BlockingIOError:
            return []
        self.is_open = bool(data)
        *lines, self._unfinished = (self._unfinished + data).split(b"\n")
        if self._unfinished and (not self.is_open or len(self._unfinished) > _MAX_LINE):
            lines, self._unfinished = [*lines, self._unfinished], b""
        return [line.decode(errors="replace") for line in lines]

    def close(self) -> None:
        os.close(self._descriptor)


class Part:
    """A process that is to be up. All times are monotonic seconds."""

    def __init__(self, name: str, body: Body, fds: Sequence[int] = ()) -> None:
        """``body`` runs in a fork of this process, which keeps the descriptors ``fds``."""
        self.name = name
        self.restart_at: float | None = None
        """When to start it again; None: it runs, or is not to run."""
        self.output: Output | None = None
        """Of the process that runs, or ran last."""
        self.pid: int | None = None
        """The process's id; None when it does not run."""
        self._body = body
        self._fds = tuple(fds)
        self._started_at = 0.0
        self._n_quick_deaths = 0

    def start(self, now: float) -> Output:
        """Start the process; return where its lines arrive."""
        self.restart_at = None
        self._started_at = now
        read_end, write_end = os.pipe()
        try:
            self.pid = fork(self._body, output=write_end, fds=self._fds)
        finally:
            os.close(write_end)
        self.output = Output(self.name, read_end)
        return self.output

    def ended(self, now: float) -> float:
        """Take note that the process has ended; return after how many seconds to start it again."""
        self.pid = None
        if now - self._started_at > _GOOD_LIFE_S:
            self._n_quick_deaths = 0
        delay_s = min(_LONGEST_DELAY_S, _FIRST_DELAY_S * 2.0**self._n_quick_deaths)
        self._n_quick_deaths += 1
        self.restart_at = now + delay_s
        return delay_s


def in_words(code: int) -> str:
    """Return how a process ended, for people."""
    if code < 0:
        return f"was killed by {signal.Signals(-code).name}"
    return "ended" if code == 0 else f"ended with exit code {code}"
