"""The server process: uvicorn with few extras, quiet, and gone within a second when told to stop."""

from __future__ import annotations

import contextlib
import resource
import signal
import socket
import threading
from collections.abc import Callable, Iterator

import uvicorn
from fastapi import FastAPI

from slipstream.api import workers
from slipstream.api.app import create_app, parts_of
from slipstream.api.front import Front
from slipstream.api.port import listen
from slipstream.api.presence import present
from slipstream.api.protocol import Protocol
from slipstream.config import conf
from slipstream.store import Store
from slipstream.store.clock import synced

_MAX_FILES = 65_536


def serve(
    host: str | None = None,
    port: int | None = None,
    *,
    n_workers: int | None = None,
    apps: str = "all",
    store: Store | None = None,
    fd: int | None = None,
    front: Front | None = None,
    on_bound: Callable[[], None] = lambda: None,
) -> None:
    """Serve the API until SIGTERM or SIGINT. What is not given comes from ``[api]``.

    ``fd`` is a listening socket to use instead of host and port; ``on_bound`` is called once the
    address is ours. Raises UserError when it is taken, ConfigError for settings that cannot work.
    """
    parts_of(apps)  # a mistake is told before anything is opened
    checked = (front or Front()).checked()
    n = n_workers or conf.getint("api", "workers", fallback=1)
    with _listening(host, port, fd) as sock:
        on_bound()
        if n > 1:
            workers.supervise(sock, n, ["--apps", apps, *checked.flags()])
            return
        allow_many_files()
        opened = store or Store.open()
        try:
            with synced(opened) as clock:
                app = create_app(opened, clock, apps)
                answers_workers = "execution" in parts_of(apps)
                with present(opened, clock) if answers_workers else contextlib.nullcontext():
                    _run(app, sock, checked)
        finally:
            if store is None:
                opened.close()


def allow_many_files() -> None:
    """Let this process have as many files open as it may, up to 65,536; a connection is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MAX_FILES if hard == resource.RLIM_INFINITY else min(hard, _MAX_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _run(app: FastAPI, sock: socket.socket, front: Front) -> None:
    config = uvicorn.Config(
        app, server_header=False, http=Protocol, ws="none", lifespan="on", **front.uvicorn_options()
    )
    with _signals_end_quietly():
        uvicorn.Server(config).run(sockets=[sock])


@contextlib.contextmanager
def _listening(host: str | None, port: int | None, fd: int | None) -> Iterator[socket.socket]:
    if fd is not None:
        sock = socket.socket(fileno=fd)
    else:
        sock = listen(
            host or conf.get("api", "host", fallback="0.0.0.0"),
            conf.getint("api", "port", fallback=8080) if port is None else port,
        )
    with sock:
        yield sock


@contextlib.contextmanager
def _signals_end_quietly() -> Iterator[None]:
    """Let a stop by signal be a normal end: uvicorn raises the signal again once it has stopped."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            yield
    finally:
        signal.signal(signal.SIGTERM, before)
