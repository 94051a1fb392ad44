"""JSON over HTTP to the API server: connections that are kept, and what its answers mean.

Nothing, or a 5xx, is worth another try (ApiUnavailable); a 401, 403 or 426 will be the same next
time (TurnedAway); any other 4xx means this one message (ApiMisunderstood).
"""

from __future__ import annotations

import http.client
import json
import ssl
import threading
import time
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from slipstream.clock import SyncedClock
from slipstream.errors import ConfigError, SlipstreamError
from slipstream.worker.task_api import VERSION, VERSION_HEADER, ApiUnavailable, TurnedAway

_PATIENT_STATUS = frozenset({408, 425, 429})
_FINAL_STATUS = frozenset({401, 403, 426})
_IDLE_S = 20.0
"""A connection that was idle for longer is made anew: the server closes them after 30 s."""
_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, check_circular=False).encode


class ApiMisunderstood(SlipstreamError):
    """The server can make nothing of this message; others may be taken."""


class Client:
    """JSON over HTTP to one server; each thread has its connection."""

    def __init__(self, url: str, clock: SyncedClock, *, timeout_s: float) -> None:
        """``url`` is the execution API's, with its path. Raises ConfigError."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigError(
                f"The execution API's address is {url!r}; it must be like "
                "http://host:8080/execution/ ([core] execution_api_server_url)."
            )
        self.url = url
        self._host, self._port = parts.hostname, parts.port
        self._path = parts.path.rstrip("/")
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._timeout_s = timeout_s
        self._clock = clock
        self._mine = threading.local()

    def call(
        self, name: str, body: Any, token: str, *, method: str = "POST", version: int = VERSION
    ) -> dict[str, Any]:
        """Send one message and return the answer; ``version`` is the path's.

        Raises ApiUnavailable, TurnedAway or ApiMisunderstood.
        """
        data = _encode(body).encode("utf-8", "surrogatepass")
        headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            VERSION_HEADER: str(VERSION),
        }
        began = time.monotonic()
        try:
            status, answer = self._exchange(
                method, f"{self._path}/v{version}/{name}", data, headers
            )
        except (OSError, http.client.HTTPException) as exc:
            self._hang_up()
            reason = str(exc) or type(exc).__name__
            raise ApiUnavailable(f"The API server at {self.url} is away: {reason}") from exc
        if status != 200:
            raise self._error(name, status, answer)
        try:
            found = json.loads(answer)
            self._clock.heard(datetime.fromisoformat(found["now"]), time.monotonic() - began)
        except (ValueError, KeyError, TypeError) as exc:
            raise ApiUnavailable(f"{self.url} does not answer as an API server: {exc!r}") from exc
        return dict(found)

    def _exchange(
        self, method: str, path: str, data: bytes, headers: dict[str, str]
    ) -> tuple[int, bytes]:
        connection = self._connection()
        connection.request(method, path, data, headers)
        reply = connection.getresponse()
        answer = reply.read()
        self._mine.used_at = time.monotonic()
        return reply.status, answer

    def _connection(self) -> http.client.HTTPConnection:
        connection: http.client.HTTPConnection | None = getattr(self._mine, "connection", None)
        if connection is not None and time.monotonic() - self._mine.used_at > _IDLE_S:
            self._hang_up()
            connection = None
        if connection is None:
            if self._tls is not None:
                connection = http.client.HTTPSConnection(
                    self._host, self._port, timeout=self._timeout_s, context=self._tls
                )
            else:
                connection = http.client.HTTPConnection(
                    self._host, self._port, timeout=self._timeout_s
                )
            connection.connect()  # which sets TCP_NODELAY
            self._mine.connection, self._mine.used_at = connection, time.monotonic()
        return connection

    def _hang_up(self) -> None:
        connection = getattr(self._mine, "connection", None)
        if connection is not None:
            connection.close()
            self._mine.connection = None

    def _error(self, name: str, status: int, answer: bytes) -> SlipstreamError:
        text = _detail(answer)
        if status >= 500 or status in _PATIENT_STATUS:
            return ApiUnavailable(
                f"The API server at {self.url} answered {name} with {status}: {text}"
            )
        if status in _FINAL_STATUS:
            return TurnedAway(
                f"The API server at {self.url} refuses this worker ({status}): {text}"
            )
        return ApiMisunderstood(f"{self.url} answered {name} with {status}: {text}")


def _detail(answer: bytes) -> str:
    """Return what an error reply says."""
    try:
        found = json.loads(answer)["detail"]
    except (ValueError, KeyError, TypeError):
        found = answer[:500].decode("utf-8", "replace")
    return found if isinstance(found, str) else json.dumps(found)[:500]
