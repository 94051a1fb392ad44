"""Executing a DAG file, once, in a DAG zygote or in a task process of its own.

Owns what makes that safe to share: the time limit, and the watch for what a fork would break
(threads, sockets) or what would make the result stale (files read, the store asked). Must not
fork and must not know about attempts.
"""

from __future__ import annotations

import os
import site
import stat
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from slipstream.sdk import loader, taskapi
from slipstream.sdk.preload import preload
from slipstream.task import output
from slipstream.task.client import LoadClient
from slipstream.task.failure import format_error
from slipstream.task.limit import time_limit
from slipstream.task.protocol import Message

MAX_WATCHED_FILES = 256
"""A DAG file that reads more files than this at its top is not shared between attempts."""


@dataclass(slots=True)
class LoadedFile:
    """A DAG file after its execution, and whether forks may share it."""

    path: Path
    dags: dict[str, Any] = field(default_factory=dict)
    error: str | None = None
    """Traceback of a file that could not be executed."""
    unshareable: str | None = None
    """Why forks of this process would not be safe, in words; None: they are."""
    files: list[str] = field(default_factory=list)
    """What the result depends on: modules, files read, folders listed (not those of Python)."""
    asked_store: bool = False
    """The file read a variable, connection or the like, so its result ages."""
    duration_s: float = 0.0
    output: bytes = b""
    """What the file printed and logged while it was executed in a zygote, as log records."""

    def report(self) -> Message:
        """Return the ``loaded`` message."""
        return {
            "m": "loaded",
            "error": self.error,
            "unshareable": self.unshareable,
            "files": self.files,
            "asked": self.asked_store,
            "duration_s": round(self.duration_s, 6),
        }


def load(path: Path, timeout_s: float, client: LoadClient) -> LoadedFile:
    """Execute the DAG file in a zygote, for at most ``timeout_s`` seconds (0: no limit).

    Never raises for what the file does: its traceback is in ``error``.
    """
    began = time.monotonic()
    fds_before = _open_fds()
    before = taskapi.use(client)
    with _Watch() as watch, output.captured() as said:
        result = _execute(path, timeout_s)
    result.output = bytes(said)
    taskapi.use(before)
    preload(result.dags.values())
    result.asked_store = client.n_requests > 0
    result.files = watch.dependencies(path)
    result.unshareable = _why_unshareable(fds_before, result.files)
    result.duration_s = time.monotonic() - began
    return result


def load_alone(path: Path, timeout_s: float) -> LoadedFile:
    """Execute the DAG file in a task process that shares it with nobody."""
    return _execute(path, timeout_s)


def _execute(path: Path, timeout_s: float) -> LoadedFile:
    result = LoadedFile(path)
    limit = f"Loading {path} took longer than {timeout_s:g} s ([core] dagbag_import_timeout)"
    try:
        with time_limit(timeout_s, limit):
            loaded = loader.load_file(path)
    except BaseException as exc:  # a DAG file may raise anything, KeyboardInterrupt included
        result.error = format_error(exc)
    else:
        result.dags = dict(loaded.dags)
        if loaded.errors:
            result.error = "\n".join(format_error(error) for error in loaded.errors)
    return result


class _Watch:
    """Records which files and folders the code in its block reads.

    An audit hook cannot be taken away again, so this one outlives the block as a single test of
    a flag; a DAG zygote has one for its whole life.
    """

    def __init__(self) -> None:
        self._active = False
        self._paths: set[str] = set()
        self._modules_before: set[str] = set()

    def __enter__(self) -> Self:
        self._modules_before = set(sys.modules)
        self._active = True
        sys.addaudithook(self._on_event)
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._active = False

    def _on_event(self, event: str, args: tuple[Any, ...]) -> None:
        if not self._active or event not in ("open", "os.listdir", "os.scandir"):
            return
        # The import system's own reads are covered by sys.modules, and it lists whole folders.
        if sys._getframe(1).f_code.co_filename.startswith("<frozen importlib"):
            return
        if event == "open" and isinstance(args[1], str) and "r" not in args[1]:
            return
        if isinstance(args[0], str | os.PathLike):
            self._paths.add(os.path.abspath(os.fspath(args[0])))

    def dependencies(self, path: Path) -> list[str]:
        """Return what was read, the DAG file itself included, less Python's own files."""
        modules = (sys.modules.get(name) for name in set(sys.modules) - self._modules_before)
        found = self._paths | {
            file for module in modules if (file := getattr(module, "__file__", None))
        }
        found.add(str(path))
        return sorted(f for f in found if isinstance(f, str) and not f.startswith(_FIXED_FOLDERS))


_PACKAGE = Path(__file__).parent.parent
_FIXED_FOLDERS = tuple(
    {
        folder + os.sep
        for folder in (
            os.path.dirname(os.__file__),  # not by sysconfig, which is a large import
            *site.getsitepackages(),
            str(_PACKAGE),
            str(_PACKAGE.parent / "airflow"),
            "/proc",
            "/sys",
            "/dev",
        )
    }
)


def _open_fds() -> set[int]:
    return {int(name) for name in os.listdir("/proc/self/fd")}


def _why_unshareable(fds_before: set[int], files: list[str]) -> str | None:
    """Say what in this process a fork would break, or return None."""
    if (n_threads := len(os.listdir("/proc/self/task"))) > 1:
        return f"the file started {n_threads - 1} thread(s)"
    if len(files) > MAX_WATCHED_FILES:
        return f"the file reads {len(files)} other files"
    for fd in _open_fds() - fds_before:
        try:
            mode = os.fstat(fd).st_mode
        except OSError:
            continue  # the descriptor of the listing itself
        if stat.S_ISSOCK(mode):
            return "the file holds an open socket"
    return None
