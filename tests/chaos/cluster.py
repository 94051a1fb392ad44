"""Database servers of a test's own, which it may stop and start as it likes.

Each is made in a temporary folder on a free port, and stopped when the test ends. The machine's own
servers are not touched. PostgreSQL refuses to run as root, so it runs as another user then.
"""

from __future__ import annotations

import getpass
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError
from tests.executors.brokers import free_port, without_ours

from slipstream.store.url import resolve

_PATIENCE_S = 60.0


class NoServer(Exception):
    """A database's programs are not installed."""


class Cluster(ABC):
    """One server of its own."""

    end_signal: signal.Signals
    """What ends it at once, without a goodbye to its clients."""

    def __init__(self) -> None:
        self._server: subprocess.Popen[bytes] | None = None
        self._as_user: list[str] = []
        self._folder = Path(tempfile.mkdtemp(prefix="slipstream-db-"))
        self._data = self._folder / "data"
        self.port = free_port()
        try:
            self._install()
        except Exception:
            self.close()
            raise

    @property
    @abstractmethod
    def url(self) -> str:
        """The database for the test's tables."""

    @property
    def _admin_url(self) -> str:
        """A database that is there from the beginning."""
        return self.url

    @abstractmethod
    def _install(self) -> None: ...

    @abstractmethod
    def _command(self) -> list[str]: ...

    def start(self) -> None:
        """Start the server, as a child of ours, and wait until it answers."""
        with (self._folder / "server.log").open("ab") as log:
            self._server = subprocess.Popen(
                [*self._as_user, *self._command()],
                cwd=self._folder,
                env=without_ours(),
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
            self._server.send_signal(self.end_signal)
            self._server.wait(_PATIENCE_S)
            self._server = None

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _answers(self) -> bool:
        engine = create_engine(resolve(self._admin_url))
        try:
            engine.connect().close()
        except OperationalError:
            return False
        finally:
            engine.dispose()
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


class Postgres(Cluster):
    """A PostgreSQL cluster made with initdb."""

    end_signal = signal.SIGQUIT

    @property
    def url(self) -> str:
        return f"postgresql://tester@127.0.0.1:{self.port}/postgres"

    def _install(self) -> None:
        if os.getuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self._folder, user.pw_uid, user.pw_gid)
            ids = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}"]
            self._as_user = ["setpriv", *ids, "--clear-groups"]
        words = ["-D", str(self._data), "-U", "tester", "--auth=trust", "--no-sync"]
        self._run(self._program("initdb"), *words)

    def _command(self) -> list[str]:
        options = ["-p", str(self.port), "-h", "127.0.0.1", "-k", str(self._folder)]
        return [self._program("postgres"), "-D", str(self._data), *options, "-F"]

    @staticmethod
    def _program(name: str) -> str:
        found = shutil.which(name)
        if found:
            return str(Path(found).resolve())
        for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
            if (folder / name).exists():
                return str(folder / name)
        raise NoServer(f"{name} is not installed")


class MariaDb(Cluster):
    """A MariaDB server made with mariadb-install-db."""

    end_signal = signal.SIGKILL

    @property
    def url(self) -> str:
        return f"mysql://root@127.0.0.1:{self.port}/slipstream"

    def start(self) -> None:
        """Start the server with the test's database in it."""
        super().start()
        engine = create_engine(resolve(self._admin_url), isolation_level="AUTOCOMMIT")
        with engine.connect() as conn:
            conn.execute(text("CREATE DATABASE IF NOT EXISTS slipstream"))
        engine.dispose()

    @property
    def _admin_url(self) -> str:
        return f"mysql://root@127.0.0.1:{self.port}/mysql"

    def _install(self) -> None:
        options = ["--auth-root-authentication-method=normal", "--skip-test-db"]
        words = ["--no-defaults", f"--datadir={self._data}", f"--user={getpass.getuser()}"]
        self._run(self._program("mariadb-install-db"), *words, *options)

    def _command(self) -> list[str]:
        words = ["--no-defaults", f"--datadir={self._data}", f"--user={getpass.getuser()}"]
        words += [f"--port={self.port}", "--bind-address=127.0.0.1"]
        words += [f"--socket={self._folder}/socket", f"--pid-file={self._folder}/pid"]
        # What it has said is written must outlive its process, not the machine.
        return [self._program("mariadbd"), *words, "--innodb-flush-log-at-trx-commit=2"]

    @staticmethod
    def _program(name: str) -> str:
        found = shutil.which(name) or shutil.which(name, path="/usr/sbin")
        if found is None:
            raise NoServer(f"{name} is not installed")
        return found
