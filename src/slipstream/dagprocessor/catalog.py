"""Which DAG files there are, and which must be parsed. Pure bookkeeping: no I/O, no clock.

A file is parsed when it is new or changed, when something that it imported or read changed, when
it depends on what nobody can watch and its last parse is old, or when somebody asks for it.
"""

from __future__ import annotations

import heapq
import itertools
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from slipstream.dagprocessor.discovery import Found, Stamp

GONE_AFTER_S = 1.0
"""So long a file must be missing: editors delete and make anew, and empty before they write."""


class FileKey(NamedTuple):
    bundle_name: str
    relative_fileloc: str


@dataclass(slots=True)
class DagFile:
    """A DAG file, and what its last parse in this process told."""

    stamp: Stamp
    parsed: bool = False
    """Parsed by this process. A file that did not change since an earlier one's parse is not."""
    parsed_at: float = 0.0
    """Monotonic seconds."""
    dependencies: frozenset[str] = frozenset()
    is_volatile: bool = False
    missing_since: float | None = None


@dataclass(slots=True)
class _Queue:
    """File keys by urgency, each once."""

    heap: list[tuple[int, float, int, FileKey]] = field(default_factory=list)
    queued: set[FileKey] = field(default_factory=set)
    serial: Iterator[int] = field(default_factory=itertools.count)

    def push(self, key: FileKey, urgency: int, order: float = 0.0) -> None:
        if key not in self.queued:
            self.queued.add(key)
            heapq.heappush(self.heap, (urgency, order, next(self.serial), key))

    def pop(self) -> FileKey | None:
        while self.heap:
            *_, key = heapq.heappop(self.heap)
            if key in self.queued:
                self.queued.discard(key)
                return key
        return None


_SAVED, _AGED = 0, 1


class Catalog:
    """All DAG files of all bundles."""

    def __init__(self) -> None:
        self.files: dict[FileKey, DagFile] = {}
        self._modules: dict[str, dict[str, Stamp]] = {}
        self._dependents: dict[str, set[FileKey]] = {}
        self._queue = _Queue()
        self._busy: set[FileKey] = set()
        self._again: set[FileKey] = set()
        """Changed while they were being parsed."""

    def __len__(self) -> int:
        return len(self._queue.queued)

    def remember(self, key: FileKey, stamp: Stamp) -> None:
        """Take in that an earlier process parsed the file when it had this stamp."""
        self.files[key] = DagFile(stamp)

    def compare(
        self, bundle_name: str, found: Found, now: float, *, newest_first: bool = True
    ) -> None:
        """Take in a scan of a bundle; ``newest_first`` parses the latest changes first."""
        for relative, stamp in found.dag_files.items():
            key = FileKey(bundle_name, relative)
            known = self.files.get(key)
            if known is None:
                self.files[key] = DagFile(stamp)
            elif known.stamp == stamp:
                known.missing_since = None
                continue
            else:
                known.stamp, known.missing_since = stamp, None
            self.ask(key, order=-stamp.mtime if newest_first else 0.0)
        for key, known in self.files.items():
            is_missing = key.relative_fileloc not in found.dag_files
            if key.bundle_name == bundle_name and is_missing and known.missing_since is None:
                known.missing_since = now
        self._compare_modules(bundle_name, found.modules)

    def _compare_modules(self, bundle_name: str, modules: dict[str, Stamp]) -> None:
        before = self._modules.get(bundle_name)
        self._modules[bundle_name] = modules
        if before is None or before == modules:
            return
        # Of files that an earlier process parsed nobody knows what they import.
        for key, known in self.files.items():
            if key.bundle_name == bundle_name and not known.parsed:
                self.ask(key)

    def newest_module(self, bundle_name: str) -> float:
        """Return when a Python file of the bundle that is no DAG file changed last (mtime)."""
        stamps = self._modules.get(bundle_name, {}).values()
        return max((stamp.mtime for stamp in stamps), default=0.0)

    def touch(self, paths: Iterable[str]) -> None:
        """Take in that files changed which DAG files may depend on (real paths)."""
        for path in paths:
            for key in self._dependents.get(path, ()):
                self.ask(key)

    def ask(self, key: FileKey, *, order: float = 0.0, urgent: bool = True) -> bool:
        """Have a file parsed (again); False when there is no such file."""
        if key not in self.files:
            return False
        if key in self._busy:
            self._again.add(key)
        else:
            self._queue.push(key, _SAVED if urgent else _AGED, order)
        return True

    def ask_aged(self, now: float, older_than_s: float) -> None:
        """Have the volatile files parsed again whose last parse is old."""
        for key, known in self.files.items():
            if known.is_volatile and now - known.parsed_at >= older_than_s:
                self.ask(key, urgent=False)

    def ask_unparsed(self) -> None:
        """Have the files parsed that this process has not parsed yet."""
        for key, known in self.files.items():
            if not known.parsed:
                self.ask(key, urgent=False)

    def next(self) -> FileKey | None:
        """Return a file to parse now; ``done`` says when it was."""
        while (key := self._queue.pop()) is not None:
            if key in self.files:
                self._busy.add(key)
                return key
        return None

    def done(
        self, key: FileKey, dependencies: Iterable[str], is_volatile: bool, now: float
    ) -> None:
        """Take in what a parse told about the file."""
        self._busy.discard(key)
        known = self.files.get(key)
        if known is not None:
            self._unlink(key, known)
            known.parsed, known.parsed_at, known.is_volatile = True, now, is_volatile
            known.dependencies = frozenset(dependencies)
            for path in known.dependencies:
                self._dependents.setdefault(path, set()).add(key)
        if key in self._again:
            self._again.discard(key)
            self.ask(key)

    @property
    def has_missing(self) -> bool:
        """Whether files are missing that ``gone`` may give out soon."""
        return any(known.missing_since is not None for known in self.files.values())

    def gone(self, now: float, *, at_once: bool = False) -> list[FileKey]:
        """Return the files that have been missing for long enough; ``forget`` them then."""
        return [
            key
            for key, known in self.files.items()
            if known.missing_since is not None
            and (at_once or now - known.missing_since >= GONE_AFTER_S)
        ]

    def forget(self, keys: Iterable[FileKey]) -> None:
        """Drop files that are gone."""
        for key in keys:
            self._unlink(key, self.files.pop(key))
            self._queue.queued.discard(key)
            self._again.discard(key)

    def _unlink(self, key: FileKey, known: DagFile) -> None:
        for path in known.dependencies:
            dependents = self._dependents.get(path, set())
            dependents.discard(key)
            if not dependents:
                self._dependents.pop(path, None)


def real_paths(paths: Iterable[str]) -> set[str]:
    """Return the paths with links resolved, as dependencies are noted."""
    return {os.path.realpath(path) for path in paths}
