"""Does somebody healthy answer on the web port?"""

from __future__ import annotations

import errno
import json
import socket

_CONNECT_TIMEOUT_S = 0.5
_HEALTH_PATH = "/api/v2/monitor/health"
_PARTS = ("metadatabase", "scheduler", "dag_processor")
_SSL_WANT_READ = 2  # ssl.SSL_ERROR_WANT_READ: more of an encrypted record has to arrive
_AGAIN = (errno.EAGAIN, _SSL_WANT_READ)


class HealthProbe:
    """One question to the API server at a time: is everything healthy? Never waits for the answer."""

    def __init__(self, host: str, port: int, *, tls: bool = False) -> None:
        self._tls = tls
        address = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
        self._address = (address, port)
        self._connection: socket.socket | None = None
        self._answer = b""

    def ask(self) -> socket.socket | None:
        """Send the question; return the socket to wait on, None when there is no connection."""
        request = f"GET {_HEALTH_PATH} HTTP/1.0\r\nHost: {self._address[0]}\r\n\r\n"
        self._answer = b""
        try:
            self._connection = socket.create_connection(self._address, timeout=_CONNECT_TIMEOUT_S)
            if self._tls:
                self._connection = _encrypted(self._connection)
            self._connection.sendall(request.encode())
        except OSError:
            self.close()
            return None
        self._connection.setblocking(False)
        return self._connection

    def read(self) -> bool | None:
        """Return whether everything is healthy; None while the answer is incomplete."""
        assert self._connection is not None
        try:
            while data := self._connection.recv(65536):
                self._answer += data
        except OSError as error:
            if error.errno in _AGAIN:
                return None
        self.close()
        head, _, body = self._answer.partition(b"\r\n\r\n")
        try:
            found = json.loads(body) if b" 200 " in head.split(b"\r\n")[0] else {}
        except ValueError:
            return False
        return all((found.get(part) or {}).get("status") == "healthy" for part in _PARTS)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _encrypted(connection: socket.socket) -> socket.socket:
    """Return the connection in TLS; it is our own server, whose certificate is for others."""
    import ssl  # few serve TLS themselves

    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(connection)  # which closes the connection if it fails
