"""The host's one socket to whoever launched it: an executor in a scheduler, or another launcher.

Frames as on an attempt's socket (``slipstream.task.protocol``). Messages to the host::

    submit  {workloads}
    cancel  {reasons}                             by attempt id
    give_back {}                                  hand back what has not begun
    grow    {slots}                               how many attempts run at a time from now on
    stop    {deadline_s}                          null: whenever what runs has ended

and from it::

    hello   {host_id, pid, hostname, recovered}   registered; attempts whose journaled outcomes
                                                  it has delivered for a dead host
    api     {is_there, why}                       of a remote host: whether its API server answers
    events  {events}                              see ``report``
"""

from __future__ import annotations

import socket

from slipstream.task.protocol import FrameBuffer, Message, PeerGone, read_available
from slipstream.worker.outbox import Outbox


class Link:
    """A non-blocking stream of messages that keeps what the peer does not take yet."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self.socket = sock
        self._buffer = FrameBuffer()
        self._outbox = Outbox(sock)
        self.is_open = True

    def fileno(self) -> int:
        return self.socket.fileno()

    def send(self, message: Message) -> bool:
        """Send; False when ``flush`` must go on later. Does nothing once the peer has gone."""
        return self._outbox.send(message) if self.is_open else True

    def flush(self) -> bool:
        """Send what is kept, as far as the socket takes it; True when nothing is left."""
        return self._outbox.flush()

    def receive(self) -> list[Message]:
        """Return the messages that have arrived; sets ``is_open`` to False at the end."""
        messages: list[Message] = []
        while self.is_open:
            try:
                data = read_available(self.socket)
            except PeerGone:
                self.is_open = False
                break
            if not data:
                break
            messages += self._buffer.feed(data)
        return messages

    def close(self) -> None:
        self.is_open = False
        self.socket.close()
