"""What a DAG file's result depends on besides its text, seen while the file runs."""

from __future__ import annotations

import os
import sys
from typing import Any, Self

_ASKS_OUTSIDE = frozenset(
    {"socket.connect", "subprocess.Popen", "os.system", "os.posix_spawn", "os.fork"}
)
"""Audit events of code that asks a server or another program, whose answer may change unseen."""


class Tracer:
    """Watches the code in its block; an audit hook cannot be taken away, so one per process."""

    def __init__(self, folders: tuple[str, ...], own_file: str) -> None:
        self._folders = tuple(os.path.realpath(folder) + os.sep for folder in folders)
        self._own_file = os.path.realpath(own_file)
        self._active = False
        self._paths: set[str] = set()
        self._modules: set[str] = set()
        self.is_volatile = False
        """Whether the code asked something that changes without any file changing."""

    def __enter__(self) -> Self:
        self._modules = set(sys.modules)
        self._active = True
        sys.addaudithook(self._on_event)
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._active = False

    def _on_event(self, event: str, args: tuple[Any, ...]) -> None:
        if not self._active:
            return
        if event == "open":
            path, mode = args[0], args[1]
            if isinstance(path, str) and (mode is None or "r" in mode):
                self._paths.add(path)
        elif event in _ASKS_OUTSIDE:
            self.is_volatile = True

    def dependencies(self) -> list[str]:
        """Return the real paths of modules and files below the folders that the code read."""
        # Modules by themselves: with a cached .pyc their source is never opened.
        modules = [sys.modules.get(name) for name in set(sys.modules) - self._modules]
        files = [getattr(module, "__file__", None) for module in modules]
        found = {os.path.realpath(f) for f in (*self._paths, *files) if isinstance(f, str)}
        found.discard(self._own_file)
        return sorted(f for f in found if f.startswith(self._folders) and "/__pycache__/" not in f)
