"""One supervisor per home: a lock file that the kernel gives up with the process."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from slipstream.errors import UserError


class HomeLock:
    """An exclusive lock on ``<home>/standalone.lock``, which names the pid of its holder."""

    def __init__(self, home: Path) -> None:
        self._path = home / "standalone.lock"
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock; raise UserError, naming the holder's pid, when it is taken."""
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise UserError(f"Cannot open {self._path}: {error.strerror}.") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 20).decode(errors="replace").strip()
            os.close(descriptor)
            raise UserError(
                f"Slipstream already runs on {self._path.parent} (pid {holder or 'unknown'}): stop "
                "it first, or set AIRFLOW_HOME to another folder."
            ) from None
        os.truncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        self._descriptor = descriptor

    def release(self) -> None:
        """Give the lock up. The file stays: removing it would race with whoever opens it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
