"""A real server in a thread, and a client that is logged in to it."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI

from slipstream.api.app import create_app
from slipstream.api.auth import ensure_logins
from slipstream.api.port import listen
from slipstream.api.protocol import Protocol
from slipstream.clock import Clock
from slipstream.store import Store

STARTS_WITHIN_S = 30.0


class Api(httpx.Client):
    """Calls ``/api/v2`` as a user, or as nobody."""

    app: FastAPI
    server: uvicorn.Server
    thread: threading.Thread

    def __init__(self, origin: str, user: str | None) -> None:
        super().__init__(base_url=f"{origin}/api/v2", timeout=20, trust_env=False, verify=False)
        self.origin = origin
        self._others: list[Api] = []
        if user is not None:
            self.headers["Authorization"] = f"Bearer {self.login(user)}"

    def login(self, user: str) -> str:
        given = {"username": user, "password": ensure_logins()[user]}
        reply = self.post(f"{self.origin}/auth/token", json=given)
        assert reply.status_code == 201, reply.text
        return str(reply.json()["access_token"])

    def as_user(self, user: str | None) -> Api:
        """Return a client of another user, or of nobody, that is closed with this one."""
        other = Api(self.origin, user)
        self._others.append(other)
        return other

    def close(self) -> None:
        for other in self._others:
            other.close()
        super().close()

    def ok(self, method: str, path: str, *, status: int = 200, **kwargs: Any) -> Any:
        """Call, insist on the status, and return the decoded body."""
        reply = self.request(method, path, **kwargs)
        assert reply.status_code == status, f"{method} {path}: {reply.status_code} {reply.text}"
        return json.loads(reply.content) if reply.content else None


@contextlib.contextmanager
def running(store: Store, clock: Clock | None = None) -> Iterator[Api]:
    """Serve the store's API on a free port; yield a client of the admin."""
    sock = listen("127.0.0.1", 0)
    app = create_app(store, clock)
    config = uvicorn.Config(app, log_config=None, access_log=False, http=Protocol, ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([sock],), daemon=True)
    thread.start()
    try:
        deadline = time.monotonic() + STARTS_WITHIN_S
        while not server.started:
            assert thread.is_alive(), "the server ended while starting"
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(0.005)
        origin = f"http://127.0.0.1:{sock.getsockname()[1]}"
        with contextlib.closing(Api(origin, "admin")) as api:
            api.app, api.server, api.thread = app, server, thread
            yield api
    finally:
        server.should_exit = True
        thread.join(STARTS_WITHIN_S)
        sock.close()
