"""How a scheduler gets its worker hosts from the supervisor that has forked it."""

from __future__ import annotations

import os
import selectors
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from slipstream.executors.host import BySupervisor, HostProcess, HostRefused
from slipstream.supervisor.host import HostBody, HostDoor


def echo(link: int, words: list[str]) -> int:
    """Say the words on the link, and end when it closes."""
    with socket.socket(fileno=link) as mine:
        mine.sendall(" ".join(words).encode())
        mine.recv(1)
    return 7


class Site:
    """A supervisor's door in this thread, a scheduler that asks at it in another."""

    def __init__(self, body: HostBody) -> None:
        self.door = HostDoor(body)
        self._scheduler_end = socket.socket(fileno=os.dup(self.door.for_scheduler))
        self.ask = BySupervisor(self._scheduler_end)
        self.link, self._theirs = socket.socketpair()

    def start(self, *words: str, refuse: str = "") -> HostProcess:
        with ThreadPoolExecutor(1) as thread, selectors.DefaultSelector() as selector:
            selector.register(self.door, selectors.EVENT_READ)
            started = thread.submit(self.ask, words, self._theirs)
            assert selector.select(30.0), "nobody asked"
            self.door.answer(refuse=refuse)
            self._theirs.close()
            return started.result(30.0)

    def close(self) -> None:
        self.door.close()
        for each in (self._scheduler_end, self.link, self._theirs):
            each.close()

    def reap(self, pid: int) -> None:
        """Do as the supervisor does when a child has ended."""
        _, status = os.waitpid(pid, 0)
        self.door.ended(pid, os.waitstatus_to_exitcode(status))


@pytest.fixture
def site() -> Iterator[Callable[[HostBody], Site]]:
    made: list[Site] = []

    def make(body: HostBody) -> Site:
        made.append(Site(body))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_a_host_gets_its_link_and_its_words_and_tells_how_it_ended(
    site: Callable[[HostBody], Site],
) -> None:
    made = site(echo)
    host = made.start("--slots", "2")
    assert made.link.recv(100) == b"--slots 2"
    assert os.getsid(host.pid) == host.pid
    assert made.door.led_by({os.getpid()}) == {host.pid}
    with pytest.raises(subprocess.TimeoutExpired):
        host.wait(0.0)
    made.link.close()
    made.reap(host.pid)
    assert host.wait(30.0) == 7
    assert made.door.led_by({os.getpid()}) == set()
    host.kill()  # which by now is nobody's business


def test_a_host_can_be_killed(site: Callable[[HostBody], Site]) -> None:
    made = site(echo)
    host = made.start("hello")
    assert made.link.recv(100) == b"hello"
    host.kill()
    made.reap(host.pid)
    assert host.wait(30.0) == -signal.SIGKILL


def test_a_refusal_says_why(site: Callable[[HostBody], Site]) -> None:
    with pytest.raises(HostRefused, match="Everything stops"):
        site(echo).start(refuse="Everything stops.")


def test_what_was_meant_for_a_dead_scheduler_is_passed_over(
    site: Callable[[HostBody], Site],
) -> None:
    made = site(echo)
    made.door._send({"refused": "an answer that came too late", "launcher": 1})
    made.door._send({"pid": 1, "code": 0})
    host = made.start("hello")
    assert made.link.recv(100) == b"hello"
    made.link.close()
    made.reap(host.pid)
    assert host.wait(30.0) == 7
