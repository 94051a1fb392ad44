"""Forking worker hosts for the scheduler, which asks for them (``slipstream.executors.host``)."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Any

from slipstream.executors.host import MAX_MESSAGE_BYTES
from slipstream.supervisor.fork import fork

HostBody = Callable[[int, list[str]], int]
"""What a host does with its end of the link and the words that it was started with."""


class HostDoor:
    """The supervisor's end of the socket on which hosts are asked for, and the hosts that live."""

    def __init__(self, body: HostBody) -> None:
        self._ours, self._theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._ours.setblocking(False)
        self._body = body
        self._launchers: dict[int, int] = {}
        """The pid of the scheduler that asked for it, by the host's pid."""

    @property
    def for_scheduler(self) -> int:
        """The descriptor of the other end; one scheduler after the other gets it."""
        return self._theirs.fileno()

    def fileno(self) -> int:
        return self._ours.fileno()

    def answer(self, *, refuse: str = "") -> None:
        """Start the host that is asked for, or say why not."""
        try:
            body, fds, _, _ = socket.recv_fds(
                self._ours, MAX_MESSAGE_BYTES, 2, socket.MSG_CMSG_CLOEXEC
            )
        except BlockingIOError:
            return
        request = json.loads(body)
        try:
            if refuse:
                self._send({"refused": refuse, "launcher": request["launcher"]})
            else:
                self._start(request, link=fds[0], output=fds[1])
        finally:
            for fd in fds:
                os.close(fd)

    def ended(self, pid: int, code: int) -> None:
        """Tell the scheduler how one of the hosts has ended; other pids do not matter."""
        if self._launchers.pop(pid, None) is not None:
            self._send({"pid": pid, "code": code})

    def led_by(self, launchers: Collection[int | None]) -> set[int]:
        """Return the hosts whose launchers are among these processes, and will see to their end."""
        return {host for host, launcher in self._launchers.items() if launcher in launchers}

    def close(self) -> None:
        self._ours.close()
        self._theirs.close()

    def _start(self, request: dict[str, Any], link: int, output: int) -> None:
        launcher = request["launcher"]
        try:
            pid = fork(
                lambda: self._body(link, request["words"]),
                output=output,
                fds=[link],
                is_part=False,
            )
        except OSError as error:
            reason = f"It cannot be forked: {error.strerror}."
            self._send({"refused": reason, "launcher": launcher})
            return
        self._launchers[pid] = launcher
        pidfd = os.pidfd_open(pid)
        try:
            self._send({"pid": pid, "launcher": launcher}, [pidfd])
        finally:
            os.close(pidfd)

    def _send(self, message: dict[str, Any], fds: Collection[int] = ()) -> None:
        # A full socket has nobody at its other end: what it says is for a scheduler that has died.
        with suppress(BlockingIOError):
            socket.send_fds(self._ours, [json.dumps(message).encode()], list(fds))
