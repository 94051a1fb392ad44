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
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from slipstream.clock import SyncedClock
from slipstream.errors import ConfigError, SlipstreamError
from slipstream.worker.task_api import (
    VERSION,
    VERSION_HEADER,
    ApiUnavailable,
    OtherVersion,
    TurnedAway,
)

_PATIENT_STATUS = frozenset({408, 425, 429})
_OTHER_VERSION = 426
_FINAL_STATUS = frozenset({401, 403, _OTHER_VERSION})
_IDLE_S = 20.0
"""A connection that was idle for longer is made anew: the server closes them after 30 s."""
_EXAMPLE = "It must be like http://host:8080/execution/ ([core] execution_api_server_url)."
_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, check_circular=False).encode


class ApiMisunderstood(SlipstreamError):
    """The server can make nothing of this message; others may be taken."""


@dataclass(frozen=True, slots=True)
class _Address:
    """Where one server is."""

    url: str
    host: str
    port: int | None
    path: str
    tls: ssl.SSLContext | None


class _NoConnection(Exception):
    """Nobody took the connection, so nothing was said."""


class Client:
    """JSON over HTTP to one server of several that are alike; each thread has its connection.

    All threads stay with a server until it fails; then all go on to the next.
    """

    def __init__(self, urls: str, clock: SyncedClock, *, timeout_s: float) -> None:
        """``urls`` are the execution API's, with their paths, by commas. Raises ConfigError."""
        self._addresses = [_address(url.strip()) for url in urls.split(",")]
        self._n_moves = 0
        """Modulo their number: which address is in use."""
        self._timeout_s = timeout_s
        self._clock = clock
        self._mine = threading.local()
        self._heard_at = float("-inf")
        self.trouble = threading.Event()
        """Set when a call has found nobody; whoever looks into it clears it."""

    @property
    def url(self) -> str:
        """The address in use."""
        return self._addresses[self._n_moves % len(self._addresses)].url

    def silent_s(self) -> float:
        """Return how long ago a server has answered."""
        return time.monotonic() - self._heard_at

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
        whys = []
        turned_away: TurnedAway | None = None
        for _ in self._addresses:
            n = self._n_moves
            at = self._addresses[n % len(self._addresses)]
            path = f"{at.path}/v{version}/{name}"
            try:
                return self._ask(at, n, method, path, data, headers)
            except _NoConnection as exc:
                self._move(n)
                whys.append(f"The API server at {at.url} is away: {exc}")
            except ApiUnavailable:
                # It may have heard us: whether to say it again is the caller's matter.
                self._move(n)
                raise
            except TurnedAway as exc:
                # Perhaps it is the one that is set up wrong.
                turned_away = exc
                if len(self._addresses) > 1:
                    self._move(n)
        if turned_away is not None:
            raise turned_away
        raise ApiUnavailable(". ".join(whys))

    def _ask(
        self, at: _Address, n: int, method: str, path: str, data: bytes, headers: dict[str, str]
    ) -> dict[str, Any]:
        began = time.monotonic()
        try:
            status, answer = self._exchange(at, n, method, path, data, headers)
        except (OSError, http.client.HTTPException) as exc:
            self.hang_up()
            reason = str(exc) or type(exc).__name__
            raise ApiUnavailable(f"The API server at {at.url} is away: {reason}") from exc
        if status != 200:
            raise _error(at.url, path.rpartition("/")[2], status, answer)
        try:
            found = json.loads(answer)
            self._clock.heard(datetime.fromisoformat(found["now"]), time.monotonic() - began)
        except (ValueError, KeyError, TypeError) as exc:
            raise ApiUnavailable(f"{at.url} does not answer as an API server. {_EXAMPLE}") from exc
        self._heard_at = time.monotonic()
        return dict(found)

    def _move(self, n: int) -> None:
        """Have everybody go on to the next address, unless somebody has done so since."""
        self.trouble.set()
        if self._n_moves == n:
            self._n_moves = n + 1

    def _exchange(
        self, at: _Address, n: int, method: str, path: str, data: bytes, headers: dict[str, str]
    ) -> tuple[int, bytes]:
        try:
            connection = self._connection(at, n)
        except OSError as exc:
            self.hang_up()
            raise _NoConnection(str(exc) or type(exc).__name__) from exc
        connection.request(method, path, data, headers)
        reply = connection.getresponse()
        answer = reply.read()
        self._mine.used_at = time.monotonic()
        return reply.status, answer

    def _connection(self, at: _Address, n: int) -> http.client.HTTPConnection:
        connection: http.client.HTTPConnection | None = getattr(self._mine, "connection", None)
        if connection is not None and (
            self._mine.n != n or time.monotonic() - self._mine.used_at > _IDLE_S
        ):
            self.hang_up()
            connection = None
        if connection is None:
            if at.tls is not None:
                connection = http.client.HTTPSConnection(
                    at.host, at.port, timeout=self._timeout_s, context=at.tls
                )
            else:
                connection = http.client.HTTPConnection(at.host, at.port, timeout=self._timeout_s)
            connection.connect()  # which sets TCP_NODELAY
            self._mine.connection, self._mine.used_at = connection, time.monotonic()
            self._mine.n = n
        return connection

    def hang_up(self) -> None:
        """Close this thread's connection; the next call makes another."""
        connection = getattr(self._mine, "connection", None)
        if connection is not None:
            connection.close()
            self._mine.connection = None


def _address(url: str) -> _Address:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(f"The execution API's address is {url!r}. {_EXAMPLE}")
    tls = ssl.create_default_context() if parts.scheme == "https" else None
    return _Address(url, parts.hostname, parts.port, parts.path.rstrip("/"), tls)


def _error(url: str, name: str, status: int, answer: bytes) -> SlipstreamError:
    text = _detail(answer)
    if (
        name == "health"
        and 400 <= status < 500
        and status not in (_OTHER_VERSION, *_PATIENT_STATUS)
    ):
        # An execution API answers that to everybody.
        return ApiMisunderstood(f"{url} is no execution API ({status}: {text}). {_EXAMPLE}")
    if status >= 500 or status in _PATIENT_STATUS:
        return ApiUnavailable(f"The API server at {url} answered {name} with {status}: {text}")
    if status in _FINAL_STATUS:
        kind = OtherVersion if status == _OTHER_VERSION else TurnedAway
        return kind(f"The API server at {url} refuses this worker ({status}): {text}")
    return ApiMisunderstood(f"{url} answered {name} with {status}: {text}")


def _detail(answer: bytes) -> str:
    """Return what an error reply says."""
    try:
        found = json.loads(answer)["detail"]
    except (ValueError, KeyError, TypeError):
        found = answer[:500].decode("utf-8", "replace")
    return found if isinstance(found, str) else json.dumps(found)[:500]
