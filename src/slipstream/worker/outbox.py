"""Messages on a non-blocking socket that its peer does not take yet."""

from __future__ import annotations

import socket

from slipstream.task.protocol import Message, encode


class Outbox:
    """Sends what fits, and keeps the rest for ``flush``."""

    __slots__ = ("_socket", "_unsent")

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._unsent = bytearray()

    def send(self, message: Message) -> bool:
        """Send; False when the socket does not take it all now, and ``flush`` must go on."""
        self._unsent += encode(message)
        return self.flush()

    def flush(self) -> bool:
        """Send what is kept; True when nothing is left. A peer that is gone takes all."""
        try:
            while self._unsent:
                n_sent = self._socket.send(self._unsent)
                del self._unsent[:n_sent]
        except BlockingIOError:
            return False
        except (BrokenPipeError, ConnectionResetError):
            self._unsent.clear()  # who reads finds the end, and acts on it
        return True
