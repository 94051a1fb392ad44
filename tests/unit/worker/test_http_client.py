"""One client of several API servers that are alike: who is asked, and what is never said twice."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from slipstream.clock import SyncedClock
from slipstream.errors import ConfigError
from slipstream.worker.http_client import Client
from slipstream.worker.reach import Reach
from slipstream.worker.task_api import ApiUnavailable, TurnedAway


class Server(ThreadingHTTPServer):
    """Answers as an API server, or hangs up after it has heard the request."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.heard: list[str] = []
        self.hangs_up = False
        self.status = 200
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/execution/"


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.heard.append(self.path)
        if self.server.hangs_up:
            return
        body = json.dumps({"now": datetime.now(UTC).isoformat(), "detail": "no"}).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = _answer

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def servers() -> Iterator[Callable[[], Server]]:
    started: list[Server] = []

    def start() -> Server:
        started.append(Server())
        return started[-1]

    yield start
    for server in started:
        server.shutdown()
        server.server_close()


def nowhere() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/execution/"


def client(*urls: str) -> Client:
    return Client(", ".join(urls), SyncedClock(), timeout_s=2.0)


def test_a_server_that_takes_no_connection_is_passed_over_and_not_asked_again(
    servers: Callable[[], Server],
) -> None:
    there = servers()
    found = client(nowhere(), there.url)
    for _ in range(3):
        found.call("commit", {}, "")
    assert there.heard == ["/execution/v1/commit"] * 3
    assert found.url == there.url


def test_what_a_server_may_have_heard_is_not_said_to_another(
    servers: Callable[[], Server],
) -> None:
    first, second = servers(), servers()
    first.hangs_up = True
    found = client(first.url, second.url)
    with pytest.raises(ApiUnavailable, match="is away"):
        found.call("request", {}, "")
    assert (first.heard, second.heard) == (["/execution/v1/request"], [])
    found.call("request", {}, "")
    assert second.heard == ["/execution/v1/request"], "the next one goes there"


def test_one_that_turns_us_away_is_not_the_last_word(servers: Callable[[], Server]) -> None:
    first, second = servers(), servers()
    first.status = 401
    found = client(first.url, second.url)
    found.call("commit", {}, "")
    assert second.heard == ["/execution/v1/commit"]
    second.status = 401
    with pytest.raises(TurnedAway):
        found.call("commit", {}, "")
    with pytest.raises(TurnedAway):
        client(nowhere(), first.url).call("commit", {}, "")


def test_when_nobody_answers_all_are_named() -> None:
    one, two = nowhere(), nowhere()
    with pytest.raises(ApiUnavailable) as error:
        client(one, two).call("commit", {}, "")
    assert one in str(error.value)
    assert two in str(error.value)


@pytest.mark.parametrize("urls", ["", "http://a/x,", "ftp://a/"])
def test_an_address_that_is_none_is_refused(urls: str) -> None:
    with pytest.raises(ConfigError, match="execution_api_server_url"):
        Client(urls, SyncedClock(), timeout_s=1.0)


class TestReach:
    """The words that a host's launcher hears, in their order."""

    @pytest.fixture(autouse=True)
    def _each_ends(self) -> Iterator[None]:
        self.started: list[Reach] = []
        yield
        for reach in self.started:
            reach.stop()

    def listen(self, found: Client) -> Callable[[bool], str]:
        said: list[tuple[bool, str]] = []
        changed = threading.Condition()

        def tell(is_there: bool, why: str) -> None:
            with changed:
                said.append((is_there, why))
                changed.notify()

        self.started.append(Reach(found, tell, every_s=0.05))
        self.started[-1].start()

        def heard(is_there: bool) -> str:
            with changed:
                assert changed.wait_for(lambda: said, 10), f"no word that is_there is {is_there}"
                word, why = said.pop(0)
            assert word is is_there
            return why

        return heard

    def test_each_change_is_told_once(self, servers: Callable[[], Server]) -> None:
        server = servers()
        heard = self.listen(client(server.url))
        heard(True)
        server.hangs_up = True
        assert "is away" in heard(False)
        server.hangs_up = False
        heard(True)

    @pytest.mark.parametrize("status", [401, 403, 404, 500])
    def test_who_answers_otherwise_is_no_api_server(
        self, servers: Callable[[], Server], status: int
    ) -> None:
        server = servers()
        server.status = status
        assert str(status) in self.listen(client(server.url))(False)

    def test_one_of_another_version_is_there(self, servers: Callable[[], Server]) -> None:
        server = servers()
        server.status = 426
        self.listen(client(server.url))(True)
