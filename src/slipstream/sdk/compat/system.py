"""Host names, users, subprocesses, hashes and timeouts as ``airflow.utils`` names them."""

from __future__ import annotations

import getpass
import hashlib
import os
import signal
import socket
import subprocess
from types import FrameType
from typing import Any

from slipstream.config.host import hostname
from slipstream.sdk.environment import patched
from slipstream.sdk.exceptions import AirflowTaskTimeout

patch_environ = patched


def get_hostname() -> str:
    """Return this machine's name."""
    return hostname()


def getfqdn(name: str = "") -> str:
    """Return a machine's full name."""
    return socket.getfqdn(name)


def getuser() -> str:
    """Return the user that the process runs as."""
    return getpass.getuser()


def get_airflow_git_version() -> None:
    """Return no commit: this is a release."""


def md5(data: bytes = b"", **_: Any) -> Any:
    """Return an MD5 hash that is not for security."""
    return hashlib.md5(data, usedforsecurity=False)


def execute_in_subprocess(cmd: list[str], cwd: str | None = None, **_: Any) -> None:
    """Run a command; its output goes where this process's goes.

    :raises CalledProcessError: it exits with another code than 0
    """
    subprocess.run(cmd, cwd=cwd, check=True)


class timeout:  # noqa: N801 (Airflow's name)
    """Raise AirflowTaskTimeout in the block after so many seconds (main thread only)."""

    def __init__(self, seconds: float = 1, error_message: str = "Timeout") -> None:
        self.seconds = seconds
        self.error_message = f"{error_message}, PID: {os.getpid()}"
        self._before: Any = None

    def handle_timeout(self, signum: int, frame: FrameType | None) -> None:
        raise AirflowTaskTimeout(self.error_message)

    def __enter__(self) -> None:
        self._before = signal.signal(signal.SIGALRM, self.handle_timeout)
        signal.setitimer(signal.ITIMER_REAL, self.seconds)

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, self._before)
