"""HTTP/1.1 on a connection: uvicorn's protocol over llhttp, with bounds that those two lack.

llhttp reads a request in a third of the time that h11 needs, which is what most calls of worker
hosts cost the server. h11 refuses a head that does not end; llhttp would keep all of it. And neither
ends a connection on which nothing comes, or too little to be meant: thousands of them would take
what a process may have open.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 64 * 1024
"""A request line and its headers may be so long, more or less: it is checked as they arrive."""


CONNECTION = "slipstream.connection"
"""Where a long response finds its ``Protocol`` in the ASGI scope."""


class Protocol(HttpToolsProtocol):
    """One connection. A head that is too long is answered with a 400, and the connection closed.

    So is, with a 408, what takes too long to arrive: the head after ``head_s`` seconds, a body that
    after ``body_s`` comes with less than ``body_rate`` bytes a second. Between requests, uvicorn's
    keep-alive time holds.
    """

    head_s = 10.0
    body_s = 30.0
    body_rate = 1024

    _n_head_bytes = 0
    _n_body_bytes = 0
    _body_since = 0.0
    _in_head = False
    _in_body = False
    _deadline: asyncio.TimerHandle | None = None
    on_shutdown: Callable[[], None] | None = None
    """What a response that has no end is told when the server stops."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._deadline = self.loop.call_later(self.head_s, self._too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        self._no_deadline()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._in_head:
            self._n_head_bytes += len(data)
            if self._n_head_bytes > MAX_HEAD_BYTES:
                self._no_deadline()
                self.send_400_response("The request line and headers are too long.")
            elif self._deadline is None:
                self._deadline = self.loop.call_later(self.head_s, self._too_slow)
        elif self._in_body:
            self._n_body_bytes += len(data)
            if self._deadline is None:
                self._body_since = self.loop.time()
                self._deadline = self.loop.call_later(self.body_s, self._body_is_late)

    def on_message_begin(self) -> None:
        self._in_head, self._n_head_bytes = True, 0
        super().on_message_begin()
        self.scope[CONNECTION] = self  # type: ignore[literal-required]

    def on_headers_complete(self) -> None:
        self._in_head, self._in_body, self._n_body_bytes = False, True, 0
        self._no_deadline()
        super().on_headers_complete()

    def shutdown(self) -> None:
        if self.on_shutdown is not None:
            self.on_shutdown()
        super().shutdown()

    def abort(self) -> None:
        """Close the connection at once: what the client has not taken is dropped."""
        self.transport.abort()

    def on_message_complete(self) -> None:
        self._in_body = False
        self._no_deadline()
        super().on_message_complete()

    def _no_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _body_is_late(self) -> None:
        if self.flow.read_paused:  # it is the application that is slow
            self._body_since += self.body_s
        due = self._body_since + self.body_s + self._n_body_bytes / self.body_rate
        if self.loop.time() >= due:
            self._too_slow()
        else:
            self._deadline = self.loop.call_at(due, self._body_is_late)

    def _too_slow(self) -> None:
        self._deadline = None
        if self.transport.is_closing():
            return
        begun = self._in_head or (self._in_body and not self.cycle.response_started)
        if begun:
            status = HTTPStatus.REQUEST_TIMEOUT
            text = b'{"detail":"The request took too long to arrive."}'
            head = (
                f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(text)}\r\nConnection: close\r\n\r\n"
            )
            self.transport.write(head.encode() + text)
        self.transport.close()
