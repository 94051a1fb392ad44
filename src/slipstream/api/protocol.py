"""HTTP/1.1 on a connection: uvicorn's protocol over llhttp, with a bound that llhttp lacks.

llhttp reads a request in a third of the time that h11 needs, which is what most calls of worker
hosts cost the server. h11 refuses a head that does not end; llhttp would keep all of it.
"""

from __future__ import annotations

from collections.abc import Callable

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 64 * 1024
"""A request line and its headers may be so long, more or less: it is checked as they arrive."""


CONNECTION = "slipstream.connection"
"""Where a long response finds its ``Protocol`` in the ASGI scope."""


class Protocol(HttpToolsProtocol):
    """One connection. A head that is too long is answered with a 400, and the connection closed."""

    _n_head_bytes = 0
    _in_head = False
    on_shutdown: Callable[[], None] | None = None
    """What a response that has no end is told when the server stops."""

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._in_head:
            self._n_head_bytes += len(data)
            if self._n_head_bytes > MAX_HEAD_BYTES:
                self.send_400_response("The request line and headers are too long.")

    def on_message_begin(self) -> None:
        self._in_head, self._n_head_bytes = True, 0
        super().on_message_begin()
        self.scope[CONNECTION] = self  # type: ignore[literal-required]

    def on_headers_complete(self) -> None:
        self._in_head = False
        super().on_headers_complete()

    def shutdown(self) -> None:
        if self.on_shutdown is not None:
            self.on_shutdown()
        super().shutdown()

    def abort(self) -> None:
        """Close the connection at once: what the client has not taken is dropped."""
        self.transport.abort()
