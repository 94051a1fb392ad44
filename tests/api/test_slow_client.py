"""Clients that send nothing, or next to nothing, are let go, and others do not feel them."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from tests.api.running import Api

from slipstream.api.protocol import Protocol
from slipstream.api.serve import allow_many_files

N_IDLE = 1000
WITHIN_S = 20.0


@pytest.fixture(autouse=True)
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Protocol, "head_s", 1.0)
    monkeypatch.setattr(Protocol, "body_s", 1.0)


@contextlib.contextmanager
def _connected(api: Api, n: int = 1) -> Iterator[list[socket.socket]]:
    place = urlsplit(api.origin)
    with contextlib.ExitStack() as opened:
        yield [
            opened.enter_context(socket.create_connection((place.hostname, place.port), WITHIN_S))
            for _ in range(n)
        ]


def _all_of(connection: socket.socket) -> bytes:
    """Return what comes until the server closes the connection."""
    found = b""
    while part := connection.recv(65536):
        found += part
    return found


def test_a_thousand_silent_connections_hold_nobody_up(api: Api) -> None:
    allow_many_files()
    with _connected(api, N_IDLE) as connections:
        slowest = 0.0
        for _ in range(20):
            before = time.perf_counter()
            api.ok("GET", "/dags")
            slowest = max(slowest, time.perf_counter() - before)
        assert slowest < 1.0
        assert all(_all_of(connection) == b"" for connection in connections)
    api.ok("GET", "/monitor/health")


def test_half_a_head_is_answered_with_a_408(api: Api) -> None:
    with _connected(api) as [connection]:
        connection.sendall(b"GET /api/v2/version HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        assert _all_of(connection).startswith(b"HTTP/1.1 408 ")


def test_so_is_a_second_one_on_the_same_connection(api: Api) -> None:
    with _connected(api) as [connection]:
        connection.sendall(b"GET /api/v2/version HTTP/1.1\r\nHost: x\r\n\r\nGET /")
        said = _all_of(connection)
        assert said.startswith(b"HTTP/1.1 200 ")
        assert b"HTTP/1.1 408 " in said


@pytest.mark.parametrize("path", ["/auth/token", "/api/v2/pools"], ids=["read", "refused unread"])
def test_a_body_in_drops_ends(api: Api, path: str) -> None:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        "Content-Length: 4000000\r\n\r\n"
    )
    with _connected(api) as [connection]:
        connection.sendall(head.encode())
        deadline = time.monotonic() + WITHIN_S
        said = b""
        connection.settimeout(0.05)
        while time.monotonic() < deadline:
            try:
                connection.sendall(b" ")
                part = connection.recv(65536)
            except TimeoutError:
                continue
            except ConnectionError:
                break
            if not part:
                break
            said += part
        else:
            raise AssertionError("the connection was not closed")
    assert said.startswith((b"HTTP/1.1 408 ", b"HTTP/1.1 401 "))


def test_a_body_that_takes_its_time_but_comes_is_read(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Protocol, "body_s", 0.1)
    body = b'{"username": "admin", "password": "' + b"x" * 2000 + b'"}'
    head = (
        "POST /auth/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    with _connected(api) as [connection]:
        connection.sendall(head.encode() + body[:1500])  # good for a second and a half
        readable = time.monotonic() + 0.5
        connection.settimeout(0.5)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        assert time.monotonic() >= readable - 0.1
        connection.settimeout(WITHIN_S)
        connection.sendall(body[1500:])
        assert _all_of(connection).startswith(b"HTTP/1.1 401 ")
