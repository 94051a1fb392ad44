"""The sockets of task processes: what the host sends them, and what they say.

Owns reading and writing without blocking. What a message means is the supervisor's business.
"""

from __future__ import annotations

import selectors
from collections.abc import Callable

from slipstream.task.protocol import Message, PeerGone, read_available
from slipstream.worker.execution import TaskProcess


class Talk:
    """Talks to task processes over the sockets that they were forked with."""

    def __init__(
        self,
        selector: selectors.BaseSelector,
        on_message: Callable[[TaskProcess, Message], None],
        on_closed: Callable[[TaskProcess], None],
        on_broken: Callable[[TaskProcess], None],
    ) -> None:
        """``on_broken``, called within the ``except``: what came keeps to no protocol."""
        self._selector = selector
        self._on_message = on_message
        self._on_closed = on_closed
        self._on_broken = on_broken

    def begin(self, process: TaskProcess) -> None:
        """Listen to a process from now on."""
        self._selector.register(process.socket, selectors.EVENT_READ, lambda: self.read(process))

    def end(self, process: TaskProcess) -> None:
        """Close a process's socket, if it is open."""
        if process.is_open:
            process.is_open = False
            self._selector.unregister(process.socket)
            process.socket.close()

    def send(self, process: TaskProcess, message: Message) -> None:
        """Send a message, if the process still listens; what it does not take yet follows later."""
        if process.is_open and not process.outbox.send(message):
            self._listen(process, selectors.EVENT_READ | selectors.EVENT_WRITE)

    def read(self, process: TaskProcess) -> None:
        """Take in all that has come, and send what waits."""
        if process.listens_for != selectors.EVENT_READ and process.outbox.flush():
            self._listen(process, selectors.EVENT_READ)
        while process.is_open:
            try:
                data = read_available(process.socket)
            except PeerGone:
                self._on_closed(process)
                return
            if not data:
                return
            try:
                for message in process.buffer.feed(data):
                    self._on_message(process, message)
            except (ValueError, KeyError, TypeError):
                self._on_broken(process)

    def _listen(self, process: TaskProcess, events: int) -> None:
        if process.listens_for != events:
            process.listens_for = events
            self._selector.modify(process.socket, events, lambda: self.read(process))
