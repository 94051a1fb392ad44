"""Seeing at once that something changed below a folder.

A thread waits in the operating system's notifications (through watchfiles) and leaves the
changed paths where the service's loop finds them. It decides nothing; what it misses (network
file systems, folders behind links) the slow scan finds.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections.abc import Callable, Iterable

from watchfiles._rust_notify import RustNotify, WatchfilesRustInternalError

log = logging.getLogger(__name__)

_QUIET_MS = 25
"""A burst of changes is over when nothing more comes for so long."""
_BURST_MS = 250
"""A burst without end is reported in pieces of this length."""
_POLL_MS = 2000
"""Between two looks at the files where the system cannot notify."""
_JOIN_S = 5.0
_NOISE = ("/__pycache__/", "/.git/", ".pyc", ".swp", ".swx", "~")


class Watcher:
    """Watches folders until closed; ``fileno()`` is readable when ``take()`` has something."""

    def __init__(self) -> None:
        self._read_fd, self._write_fd = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._lock = threading.Lock()
        self._changed: set[str] = set()
        self._watch: _Watch | None = None
        self._watched: frozenset[tuple[str, int, int]] = frozenset()

    def fileno(self) -> int:
        return self._read_fd

    def watch(self, folders: Iterable[str]) -> bool:
        """Watch these folders and all below them; say whether that is another watch than before.

        Call it again from time to time: it costs one ``stat`` a folder, and notices those that
        were made, or deleted and made anew.
        """
        wanted = frozenset(found for folder in folders if (found := _identity(folder)))
        if wanted == self._watched:
            return False
        self._stop_watch()
        self._watched = wanted
        if wanted:
            self._watch = _Watch(sorted(path for path, *_ in wanted), self._on_change)
        return True

    def take(self) -> set[str]:
        """Return the paths that changed since the last call."""
        with contextlib.suppress(BlockingIOError):
            os.read(self._read_fd, 4096)
        with self._lock:
            changed, self._changed = self._changed, set()
        return changed

    def close(self) -> None:
        """Stop watching."""
        self._stop_watch()
        os.close(self._read_fd)
        os.close(self._write_fd)

    def _stop_watch(self) -> None:
        if self._watch is not None:
            self._watch.stop()
            self._watch = None

    def _on_change(self, paths: set[str]) -> None:
        with self._lock:
            self._changed |= paths
        # A full pipe holds wake-ups enough.
        with contextlib.suppress(BlockingIOError):
            os.write(self._write_fd, b"!")


class _Watch:
    """One thread over one fixed set of folders."""

    def __init__(self, folders: list[str], on_change: Callable[[set[str]], None]) -> None:
        self._notify = _open(folders)
        self._on_change = on_change
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="dag-watcher", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(_JOIN_S)
        self._notify.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                found = self._notify.watch(_BURST_MS, _QUIET_MS, 0, self._stop)
            except WatchfilesRustInternalError as e:
                log.warning("Watching the DAG files ended; the slow scan goes on: %s", e)
                return
            if not isinstance(found, set):
                continue
            paths = {path for _, path in found if not _is_noise(path)}
            if paths:
                self._on_change(paths)


def _open(folders: list[str]) -> RustNotify:
    try:
        return RustNotify(folders, False, False, _POLL_MS, True, True)
    except OSError as e:
        log.warning(
            "The system cannot notify of changes (%s); looking at the files every %d s instead. "
            "On Linux, fs.inotify.max_user_watches may be too low.",
            e,
            _POLL_MS // 1000,
        )
        return RustNotify(folders, False, True, _POLL_MS, True, True)


def _is_noise(path: str) -> bool:
    return any(part in path if part.startswith("/") else path.endswith(part) for part in _NOISE)


def _identity(folder: str) -> tuple[str, int, int] | None:
    """Return what tells this folder from a later one of the same name; None: there is none."""
    try:
        status = os.stat(folder)
    except OSError:
        return None
    return folder, status.st_dev, status.st_ino
