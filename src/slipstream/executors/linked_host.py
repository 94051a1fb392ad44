"""The host beside a worker of somebody else's (Celery, Dask): its process, its link, its successors."""

from __future__ import annotations

import logging
import socket
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from slipstream.executors.host import by_exec
from slipstream.worker.link import Link

log = logging.getLogger(__name__)

_RESTART_DELAYS_S = (0.0, 0.5, 1.0, 2.0, 5.0)
"""Before the n-th start after deaths in a row, so that a host that cannot start is no busy loop."""
_GOOD_LIFE_S = 10.0


@dataclass(frozen=True, slots=True)
class Event:
    """What became of an attempt."""

    kind: str
    """As ``worker.report`` names it."""
    attempt_id: str

    @classmethod
    def of(cls, message: Mapping[str, Any]) -> Event:
        about = message["outcome"] if message["e"] == "finished" else message
        return cls(message["e"], about["attempt_id"])

    @property
    def is_start(self) -> bool:
        """The attempt runs; any other event says that it is over here."""
        return self.kind == "started"

    @property
    def is_back(self) -> bool:
        """It never began, and another worker may have it."""
        return self.kind == "handed_back"


@dataclass(frozen=True, slots=True)
class Api:
    """Whether the host's API server answers, and why not."""

    is_there: bool
    why: str


@dataclass(slots=True)
class News:
    """What a host has said."""

    events: list[Event] = field(default_factory=list)
    api: Api | None = None
    """The last word on it, if there was one."""


class Taking:
    """Whether a worker is to take attempts: not before its API server has answered, nor while it is away.

    What it took meanwhile could not begin, and would be missing elsewhere.
    """

    def __init__(self) -> None:
        self.is_on = False
        self.is_known = False
        """Whether the host has said a word about it."""

    def heard(self, api: Api) -> bool:
        """Note a host's word; say whether it changes something. One line in the log tells of it."""
        before, was_known = self.is_on, self.is_known
        self.is_on, self.is_known = api.is_there, True
        if was_known and before is self.is_on:
            return False
        if not api.is_there:
            log.error("%s. This worker takes nothing until it answers.", api.why.rstrip("."))
        elif was_known:
            log.warning("The API server answers: this worker takes work again.")
        return True


class LinkedHost:
    """A running worker host."""

    def __init__(self, words: Sequence[str]) -> None:
        """Start it by exec, with these words on its command line."""
        ours, theirs = socket.socketpair()
        self._process = by_exec(words, theirs)
        theirs.close()
        self.pid = self._process.pid
        self.link = Link(ours)

    def news(self) -> News:
        """Return what it has said since the last call."""
        found = News()
        for message in self.link.receive():
            if message["m"] == "events":
                found.events += [Event.of(event) for event in message["events"]]
            elif message["m"] == "api":
                found.api = Api(message["is_there"], message["why"])
        return found

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
