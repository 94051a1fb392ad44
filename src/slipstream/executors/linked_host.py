"""The host beside a worker of somebody else's (Celery, Dask): its process, its link, its successors."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Sequence

from slipstream.executors.host import by_exec
from slipstream.worker.link import Link

_RESTART_DELAYS_S = (0.0, 0.5, 1.0, 2.0, 5.0)
"""Before the n-th start after deaths in a row, so that a host that cannot start is no busy loop."""
_GOOD_LIFE_S = 10.0


class LinkedHost:
    """A running worker host."""

    def __init__(self, words: Sequence[str]) -> None:
        """Start it by exec, with these words on its command line."""
        ours, theirs = socket.socketpair()
        self._process = by_exec(words, theirs)
        theirs.close()
        self.pid = self._process.pid
        self.link = Link(ours)

    def wait(self) -> int:
        """Return the exit code of a host whose link has closed."""
        return self._process.wait()

    def end(self, grace_s: float) -> None:
        """Wait until it has ended; after ``grace_s``, kill it and with it whatever still runs."""
        try:
            self._process.wait(grace_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Restarts:
    """Says when to start the next host after a death."""

    def __init__(self) -> None:
        self._n_deaths = 0

    def delay_s(self, lived_s: float) -> float:
        """Return how long to wait now that a host has died which lived so long."""
        if lived_s > _GOOD_LIFE_S:
            self._n_deaths = 0
        delay_s = _RESTART_DELAYS_S[min(self._n_deaths, len(_RESTART_DELAYS_S) - 1)]
        self._n_deaths += 1
        return delay_s


def in_words(code: int) -> str:
    """Return how a process with this exit code ended."""
    return f"killed by signal {-code}" if code < 0 else f"exit code {code}"
