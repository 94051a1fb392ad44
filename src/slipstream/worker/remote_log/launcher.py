"""Has a helper running while there is something to upload; the caller never waits for it.

The helper is a process of its own, as the libraries of object stores are large and have threads. This
side keeps one thread, and only while a helper runs.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from slipstream.config import conf
from slipstream.worker.remote_log.spool import Spool

log = logging.getLogger(__name__)

_BUSY_S = 1.0
"""How often to look whether another process's helper has ended."""
_DELAYS_S = (0.2, 1.0, 5.0, 20.0, 60.0)
"""Before the n-th helper after failures in a row."""
_GOOD_LIFE_S = 30.0


def folder() -> Path:
    """Return where requests for uploads are."""
    return conf.home / "run" / "log-uploads"


def open_uploads() -> Uploads:
    """Return this process's uploads, which go by way of ``folder``."""
    return Uploads(Spool(folder()))


class Uploads:
    """Uploads of one process."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._changed = threading.Condition()
        self._is_closed = False
        self._n_last = 0
        """Helpers started since it was closed."""
        self._thread: threading.Thread | None = None
        self._helper: subprocess.Popen[bytes] | None = None

    def ask(self, path: str, name: str, start: int) -> None:
        """Have a log uploaded, of which a part from ``start`` on is new."""
        try:
            self._spool.add(path, name, start)
        except OSError as exc:
            log.error("the log %s is not uploaded: %s", name, exc)
            return
        self._ensure()

    def resume(self) -> None:
        """Have uploaded what earlier processes have left."""
        if not self._spool.is_empty():
            self._ensure()

    def close(self, timeout_s: float) -> None:
        """Wait this long for what is under way; what is not done then waits for the next process."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
            thread = self._thread
            if self._helper is not None:
                self._n_last += 1
                self._hang_up(self._helper)
        if thread is not None:
            thread.join(timeout_s)

    def _ensure(self) -> None:
        with self._changed:
            if self._thread is None and not self._is_closed:
                self._thread = threading.Thread(target=self._run, name="uploads", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        n_failures = 0
        while self._may_go_on():
            if not self._is_free():
                self._pause(_BUSY_S)
                continue
            began = time.monotonic()
            code = self._help()
            if code == 0 or time.monotonic() - began > _GOOD_LIFE_S:
                n_failures = 0
            if code != 0 and not self._spool.is_empty():
                delay_s = _DELAYS_S[min(n_failures, len(_DELAYS_S) - 1)]
                n_failures += 1
                log.warning("the log upload helper ended with %s; next in %g s", code, delay_s)
                self._pause(delay_s)

    def _may_go_on(self) -> bool:
        with self._changed:
            if self._n_last or self._spool.is_empty():
                self._thread = None
                return False
            return True

    def _is_free(self) -> bool:
        """Say whether no other process's helper is at work in this folder."""
        try:
            lock = self._spool.lock()
        except OSError:
            return True  # the helper will say what is wrong
        if lock is not None:
            os.close(lock)
        return lock is not None

    def _help(self) -> int | None:
        """Run a helper to its end; return its exit code, None if it could not be started."""
        with self._changed:
            try:
                self._helper = subprocess.Popen(
                    [sys.executable, "-m", "slipstream.worker.remote_log.helper"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    start_new_session=True,  # it outlives us for a moment
                )
            except OSError as exc:
                log.error("the log upload helper cannot be started: %s", exc)
                return None
            helper = self._helper
            if self._is_closed:
                self._n_last += 1
                self._hang_up(helper)
        code = helper.wait()
        with self._changed:
            self._helper = None
            self._hang_up(helper)
        return code

    @staticmethod
    def _hang_up(helper: subprocess.Popen[bytes]) -> None:
        """Tell it that it is alone: it ends when there is nothing left to do."""
        assert helper.stdin is not None
        with suppress(OSError):
            helper.stdin.close()

    def _pause(self, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed, seconds)
