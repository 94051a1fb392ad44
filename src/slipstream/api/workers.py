"""Several server processes on one listening socket: started by exec, restarted when they die."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence

log = logging.getLogger(__name__)

_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_STOP_S = 3.0
_RESTART_S = 1.0
"""So long a worker that died is missed at most; one that dies at once is not restarted faster."""


def supervise(sock: socket.socket, n_workers: int, options: Sequence[str]) -> None:
    """Keep ``n_workers`` servers on the socket until SIGTERM or SIGINT, then stop them.

    ``options`` are further flags of ``python -m slipstream.api``.
    """
    stop = threading.Event()
    handlers = {s: signal.signal(s, lambda *_: stop.set()) for s in _STOP_SIGNALS}
    children: list[subprocess.Popen[bytes]] = []
    try:
        while not stop.is_set():
            alive = [child for child in children if child.poll() is None]
            for child in children:
                if child not in alive:
                    log.warning("API server worker %d ended with %s", child.pid, child.returncode)
            children = alive + [_start(sock, options) for _ in range(n_workers - len(alive))]
            stop.wait(_RESTART_S)
    finally:
        _end(children)
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _start(sock: socket.socket, options: Sequence[str]) -> subprocess.Popen[bytes]:
    fd = sock.fileno()
    command = [sys.executable, "-m", "slipstream.api", "--workers", "1", "--fd", str(fd)]
    # Else they would keep the port when this process is killed, and nobody could start another.
    command += ["--parent", str(os.getpid())]
    return subprocess.Popen([*command, *options], pass_fds=(fd,))


def _end(children: list[subprocess.Popen[bytes]]) -> None:
    for child in children:
        child.terminate()
    deadline = time.monotonic() + _STOP_S
    for child in children:
        try:
            child.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
