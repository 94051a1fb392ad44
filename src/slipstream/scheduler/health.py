"""``GET /health`` of a scheduler, for probes that cannot ask the database: ``[scheduler] enable_health_check``.

200 while its heartbeats reach the database, 503 when the last one is older than
``scheduler_health_check_threshold``. It says nothing else, and asks nobody for a login.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from slipstream.config import conf
from slipstream.errors import ConfigError


@contextlib.contextmanager
def served(is_healthy: Callable[[], bool]) -> Iterator[int | None]:
    """Answer on the configured host and port; yield the port, None when it is not asked for.

    Raises ConfigError for an address that cannot be had.
    """
    if not conf.getboolean("scheduler", "enable_health_check", fallback=False):
        yield None
        return
    host = conf.get("scheduler", "scheduler_health_check_server_host", fallback="0.0.0.0")
    port = conf.getint("scheduler", "scheduler_health_check_server_port", fallback=8974)
    try:
        server = _Server((host, port), is_healthy)
    except (OSError, OverflowError) as error:
        raise ConfigError(
            f"The scheduler's health check cannot listen on {host}:{port} ({error}): change "
            "[scheduler] scheduler_health_check_server_host or scheduler_health_check_server_port."
        ) from error
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), name="health", daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], is_healthy: Callable[[], bool]) -> None:
        self.is_healthy = is_healthy
        super().__init__(address, _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = 5.0
    """Seconds that a client may say nothing."""

    def do_GET(self) -> None:
        if self.path.partition("?")[0] != "/health":
            self._answer(HTTPStatus.NOT_FOUND, {"detail": "there is only /health"})
        elif self.server.is_healthy():
            self._answer(HTTPStatus.OK, {"status": "healthy"})
        else:
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE, {"status": "unhealthy"})

    def do_HEAD(self) -> None:
        self.do_GET()

    def _answer(self, status: HTTPStatus, body: dict[str, str]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: a probe asks every few seconds."""
