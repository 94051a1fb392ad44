"""The scheduler's own health check: what a probe sees."""

from __future__ import annotations

import http.client
import json
import socket

import pytest

from slipstream.errors import ConfigError
from slipstream.scheduler import health


@pytest.fixture(autouse=True)
def on_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__SCHEDULER__ENABLE_HEALTH_CHECK", "True")
    monkeypatch.setenv("AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_HOST", "127.0.0.1")
    monkeypatch.setenv("AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_PORT", "0")


def ask(port: int | None, path: str = "/health", method: str = "GET") -> tuple[int, bytes]:
    assert port
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def test_it_tells_whether_heartbeats_arrive() -> None:
    is_healthy = True
    with health.served(lambda: is_healthy) as port:
        status, body = ask(port)
        assert (status, json.loads(body)) == (200, {"status": "healthy"})
        assert ask(port, method="HEAD") == (200, b"")
        assert ask(port, "/other")[0] == 404
        is_healthy = False
        status, body = ask(port)
        assert (status, json.loads(body)) == (503, {"status": "unhealthy"})


def test_there_is_none_unless_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRFLOW__SCHEDULER__ENABLE_HEALTH_CHECK")
    with health.served(lambda: True) as port:
        assert port is None


def test_a_taken_port_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        monkeypatch.setenv("AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_PORT", port)
        with (
            pytest.raises(ConfigError, match=f"cannot listen on 127.0.0.1:{port}"),
            health.served(lambda: True),
        ):
            pass
