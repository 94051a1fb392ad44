"""How a worker host's process starts: by exec, or as a fork of the supervisor.

A fork shares with the other parts what they all have imported, which is half of its memory. A
scheduler must not fork it: it is connected to the database. So it asks the supervisor, which is
not, over a socket (SOCK_SEQPACKET) that carries JSON. Scheduler to supervisor::

    {words, launcher} + 2 fds   start a host: its end of the link, and where it prints
                                (launcher: our pid)

Supervisor to scheduler::

    {pid, launcher} + pidfd     the host has started
    {refused, launcher}         it has not, and why
    {pid, code}                 a host has ended, perhaps an earlier scheduler's
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol

from slipstream.errors import SlipstreamError

MAX_MESSAGE_BYTES = 4096
_PRINTS_TO = 2


class HostRefused(SlipstreamError):
    """No worker host could be started now."""


class HostProcess(Protocol):
    """A host that was started, as ``subprocess.Popen`` shows a process."""

    @property
    def pid(self) -> int: ...

    def wait(self, timeout: float | None = None) -> int:
        """Return how it ended; raise ``subprocess.TimeoutExpired`` while it has not."""
        ...

    def kill(self) -> None: ...


StartHost = Callable[[Sequence[str], socket.socket], HostProcess]
"""Starts a host with the words for its command line and its end of the link."""


def by_exec(words: Sequence[str], link: socket.socket) -> HostProcess:
    """Start a host as a program of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "slipstream.worker", "--link", str(link.fileno()), *words],
        stdin=subprocess.DEVNULL,
        pass_fds=(link.fileno(),),
        start_new_session=True,  # Ctrl-C in the terminal is for us, and we tell the host
    )


class BySupervisor:
    """Has the supervisor fork hosts."""

    def __init__(self, door: socket.socket) -> None:
        """``door`` is this process's end of the socket to the supervisor."""
        self._socket = door
        self._codes: dict[int, int] = {}

    def __call__(self, words: Sequence[str], link: socket.socket) -> HostProcess:
        request = json.dumps({"words": list(words), "launcher": os.getpid()}).encode()
        socket.send_fds(self._socket, [request], [link.fileno(), _PRINTS_TO])
        while True:
            body, fds, _, _ = socket.recv_fds(
                self._socket, MAX_MESSAGE_BYTES, 1, socket.MSG_CMSG_CLOEXEC
            )
            if not body:
                raise HostRefused("The supervisor has ended.")
            answer = json.loads(body)
            if "code" in answer:
                self._codes[answer["pid"]] = answer["code"]
            elif answer["launcher"] != os.getpid():
                for fd in fds:  # for a scheduler that died before it came; its host ends by itself
                    os.close(fd)
            elif "refused" in answer:
                raise HostRefused(answer["refused"])
            else:
                return _Fork(self, answer["pid"], fds[0])

    def code_of(self, pid: int, timeout: float | None) -> int:
        """Wait until a host has ended and return how; raises ``subprocess.TimeoutExpired``."""
        self._socket.settimeout(timeout)
        try:
            while pid not in self._codes:
                body = self._socket.recv(MAX_MESSAGE_BYTES)
                if not body:
                    return -signal.SIGKILL  # the supervisor has ended, and with it who would know
                ended = json.loads(body)
                self._codes[ended["pid"]] = ended["code"]
        except (TimeoutError, BlockingIOError):
            raise subprocess.TimeoutExpired("worker host", timeout or 0.0) from None
        finally:
            self._socket.settimeout(None)
        return self._codes[pid]


class _Fork:
    """A host that the supervisor has forked; its pidfd names it even when its pid is another's."""

    def __init__(self, starter: BySupervisor, pid: int, pidfd: int) -> None:
        self.pid = pid
        self._starter = starter
        self._pidfd: int | None = pidfd

    def wait(self, timeout: float | None = None) -> int:
        code = self._starter.code_of(self.pid, timeout)
        if self._pidfd is not None:
            os.close(self._pidfd)
            self._pidfd = None
        return code

    def kill(self) -> None:
        if self._pidfd is not None:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
