"""A private PostgreSQL cluster that a test may stop and start as it likes.

Made with initdb in a temporary folder on a free port, as an unprivileged user (PostgreSQL refuses
to run as root), and stopped when the test ends. The machine's own servers are not touched.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg

_PATIENCE_S = 30.0


class NoPostgres(Exception):
    """PostgreSQL's programs are not installed."""


def _program(name: str) -> str:
    found = shutil.which(name)
    if found:
        return str(Path(found).resolve())
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (folder / name).exists():
            return str(folder / name)
    raise NoPostgres(f"{name} is not installed")


class Cluster:
    """One server of its own."""

    def __init__(self) -> None:
        self._initdb, self._postgres = _program("initdb"), _program("postgres")
        self._server: subprocess.Popen[bytes] | None = None
        self._as_user: list[str] = []
        self._folder = Path(tempfile.mkdtemp(prefix="slipstream-pg-"))
        if os.getuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self._folder, user.pw_uid, user.pw_gid)
            ids = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}"]
            self._as_user = ["setpriv", *ids, "--clear-groups"]
        self._data = self._folder / "data"
        self.port = _free_port()
        self._run(self._initdb, "-D", str(self._data), "-U", "tester", "--auth=trust", "--no-sync")

    @property
    def url(self) -> str:
        return f"postgresql://tester@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Start the server, as a child of ours, and wait until it answers."""
        options = ["-p", str(self.port), "-h", "127.0.0.1", "-k", str(self._folder)]
        with (self._folder / "server.log").open("ab") as log:
            self._server = subprocess.Popen(
                [*self._as_user, self._postgres, "-D", str(self._data), *options, "-F"],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        ends_at = time.monotonic() + _PATIENCE_S
        while not self._answers():
            if time.monotonic() > ends_at or self._server.poll() is not None:
                raise RuntimeError((self._folder / "server.log").read_text())
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop the server at once, without a goodbye to its clients."""
        if self._server is not None:
            self._server.send_signal(signal.SIGQUIT)
            self._server.wait(_PATIENCE_S)
            self._server = None

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _run(self, *command: str) -> None:
        done = subprocess.run(
            [*self._as_user, *command],
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{command[0]} failed: {done.stderr}")


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
    return port
