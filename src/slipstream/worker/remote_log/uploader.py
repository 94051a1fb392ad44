"""Carries out uploads, several at a time, and again while the store does not take them.

A store that is away is away for all: after a failure nothing is tried for a while, then one upload,
and all again when that has gone well. People read once what is wrong, and once that it is over.
"""

from __future__ import annotations

import fcntl
import logging
import os
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from slipstream.clock import utcnow
from slipstream.worker.remote_log import merge
from slipstream.worker.remote_log.files import RemoteFiles, RemoteLogError
from slipstream.worker.remote_log.spool import Request, Spool

log = logging.getLogger(__name__)

N_AT_ONCE = 8
_ROUND = 64
_LOOK_S = 0.25
FIRST_DELAY_S, MAX_DELAY_S = 1.0, 60.0
GIVE_UP_S = 7 * 86400.0
"""So long an upload is tried; the log itself stays where it is."""


class Uploader:
    """Empties a spool into a store."""

    def __init__(self, spool: Spool, files: RemoteFiles) -> None:
        self._spool = spool
        self._files = files
        self._pool = ThreadPoolExecutor(N_AT_ONCE, "upload")
        self._retries: dict[str, tuple[float, float]] = {}
        """Of logs that failed: when to try again, and the wait before that, by the monotonic clock."""
        self._away_delay_s = 0.0
        """How long it was waited for a store of which nothing is taken; 0 while it takes logs."""
        self._told: str | None = None

    def round(self, requests: Sequence[Request]) -> float:
        """Carry out some requests; return in how many seconds to go on, 0 for at once."""
        by_log: dict[str, list[Request]] = defaultdict(list)
        for request in requests:
            by_log[request.name].append(request)
        now = time.monotonic()
        if self._away_delay_s:
            # One that did not fail the last time comes first: it may be that log's own trouble.
            names = sorted(by_log, key=lambda name: self._retries.get(name, (0.0, 0.0)))[:1]
        else:
            names = [name for name in by_log if self._retries.get(name, (0.0, 0.0))[0] <= now]
            names = names[:_ROUND]
        if not names:
            return _LOOK_S
        found = self._pool.map(self._upload, [by_log[name] for name in names])
        errors: dict[str, str] = {}
        for name, error in zip(names, found, strict=True):
            if error is None:
                self._retries.pop(name, None)
                self._spool.done(by_log[name])
            else:
                errors[name] = error
        self._note_errors(errors, by_log)
        return self._wait_s(names, errors, len(by_log))

    def _note_errors(self, errors: dict[str, str], by_log: dict[str, list[Request]]) -> None:
        now, before = time.monotonic(), utcnow().timestamp() - GIVE_UP_S
        for name, error in errors.items():
            delay_s = min(max(self._retries.get(name, (0, 0.0))[1] * 2, FIRST_DELAY_S), MAX_DELAY_S)
            self._retries[name] = (now + delay_s, delay_s)
            old = [request for request in by_log[name] if request.asked_at < before]
            if old:
                log.error("the log %s is not uploaded and stays here: %s", name, error)
                self._spool.done(old)

    def _wait_s(self, names: list[str], errors: dict[str, str], n_logs: int) -> float:
        """Say once what is wrong and once that it is over; return how long to wait."""
        if len(errors) == len(names):
            reason = next(iter(errors.values()))
            if reason != self._told:
                self._told = reason
                log.error(
                    "logs wait for their upload (%d now), which is tried again and again; tasks are "
                    "not affected. %s",
                    n_logs,
                    reason,
                )
            self._files.forget()
            self._away_delay_s = min(max(self._away_delay_s * 2, FIRST_DELAY_S), MAX_DELAY_S)
            return self._away_delay_s
        for name, error in errors.items():
            if self._retries[name][1] == FIRST_DELAY_S:
                log.error("the log %s is not uploaded yet: %s", name, error)
        if self._away_delay_s:
            log.warning("%s takes logs again", self._files.target.shown)
            self._told, self._away_delay_s = None, 0.0
            self._retries.clear()
        return 0.0

    def _upload(self, requests: list[Request]) -> str | None:
        """Upload one log; return why it is not in the store yet."""
        path, name = requests[0].path, requests[0].name
        start = min(request.start for request in requests)
        try:
            size = merge.add(self._files, path, name, start, self._spool.folder)
        except FileNotFoundError:
            log.warning("the log %s is not uploaded: the file is gone", name)
            return None
        except OSError as exc:
            return f"{path} cannot be read: {exc.strerror}"
        except RemoteLogError as exc:
            return str(exc)
        if self._files.target.deletes_local:
            remove(path, name, size)
        return None


def remove(path: Path, name: str, size: int) -> None:
    """Remove a log file that has this size and that nobody writes to, and folders empty without it.

    Who writes to a log holds a shared lock on it.
    """
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(fd).st_size != size:
            return
        path.unlink()
    except OSError as exc:
        log.debug("%s is kept: %s", path, exc)
        return
    finally:
        os.close(fd)
    with suppress(OSError):
        for folder in list(path.parents)[: name.count("/")]:
            folder.rmdir()
