"""Finding the DAG files of a bundle, as Airflow does.

A DAG file is a ``.py`` file or a zip archive that no ``.airflowignore`` leaves out and that, in
safe mode, mentions what every DAG file must. Reads files, never runs them: a
``might_contain_dag_callable`` of the user's is called in the parsing process.
"""

from __future__ import annotations

import logging
import os
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import NamedTuple

from slipstream.dagprocessor import ignore
from slipstream.sdk import heuristic

log = logging.getLogger(__name__)

_NEVER_ENTERED = frozenset({"__pycache__", ".git"})
"""Folders without DAG files of anybody's, and with many entries."""


class Stamp(NamedTuple):
    """By what a change of a file is noticed."""

    mtime: float
    size: int


@dataclass(slots=True)
class Found:
    """What a scan of a bundle found."""

    dag_files: dict[str, Stamp] = field(default_factory=dict)
    """By path below the root."""
    modules: dict[str, Stamp] = field(default_factory=dict)
    """Python files that are no DAG files: DAG files may import them."""
    linked: list[str] = field(default_factory=list)
    """Real paths of folders that a symbolic link leads to; a watcher does not follow links."""


class Scanner:
    """Scans one bundle; remembers what it read, so that a second scan only looks at stamps."""

    def __init__(self, root: str, *, syntax: str, safe_mode: bool) -> None:
        self.root = root
        self._rules = ignore.no_rules(syntax)
        self._safe_mode = safe_mode
        self._verdicts: dict[str, tuple[Stamp, bool]] = {}

    def scan(self) -> Found:
        """Return what the bundle holds now; nothing when its root does not exist."""
        found = Found()
        verdicts: dict[str, tuple[Stamp, bool]] = {}
        for relative, path, stamp in self._walk(found):
            known = self._verdicts.get(relative)
            is_dag_file = known[1] if known and known[0] == stamp else self._examine(path)
            verdicts[relative] = (stamp, is_dag_file)
            if is_dag_file:
                found.dag_files[relative] = stamp
            elif relative.endswith(".py"):
                found.modules[relative] = stamp
        self._verdicts = verdicts
        return found

    def _walk(self, found: Found) -> Iterator[tuple[str, str, Stamp]]:
        """Yield relative path, path and stamp of every file that is not ignored."""
        seen = {os.path.realpath(self.root)}
        pending = [(self.root, PurePosixPath(), self._rules)]
        while pending:
            folder, below, rules = pending.pop()
            try:
                entries = sorted(os.scandir(folder), key=lambda e: e.name)
            except OSError as e:
                if below.parts:
                    log.warning("The folder %s cannot be read and is left out: %s", folder, e)
                continue
            rules = _with_rules_of(folder, below, rules, entries)
            for entry in entries:
                relative = below / entry.name
                is_folder = _is_folder(entry)
                if entry.name == ignore.FILE_NAME or rules.ignores(relative, is_folder=is_folder):
                    continue
                if not is_folder:
                    if stamp := _stamp(entry):
                        yield relative.as_posix(), entry.path, stamp
                elif entry.name not in _NEVER_ENTERED and _is_new(entry, seen, found):
                    pending.append((entry.path, relative, rules))

    def _examine(self, path: str) -> bool:
        try:
            if path.endswith(".py"):
                return not self._safe_mode or _mentions_dags(path)
            return path.endswith(".zip") and zipfile.is_zipfile(path)
        except OSError as e:
            log.warning("%s cannot be read and is left out: %s", path, e)
            return False


def _with_rules_of(
    folder: str, below: PurePosixPath, rules: ignore.Rules, entries: list[os.DirEntry[str]]
) -> ignore.Rules:
    if not any(e.name == ignore.FILE_NAME and e.is_file() for e in entries):
        return rules
    path = os.path.join(folder, ignore.FILE_NAME)
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return rules.extended(file.read(), below)
    except OSError as e:
        log.warning("%s cannot be read; nothing is ignored by it: %s", path, e)
        return rules


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # links that lead to each other
        return False


def _stamp(entry: os.DirEntry[str]) -> Stamp | None:
    try:
        if not entry.is_file():
            return None
        status = entry.stat()
    except OSError:  # gone between the listing and now, or a link to nothing
        return None
    return Stamp(status.st_mtime, status.st_size)


def _is_new(entry: os.DirEntry[str], seen: set[str], found: Found) -> bool:
    """Say whether the folder was not seen yet: links may lead in circles."""
    is_link = entry.is_symlink()
    real = os.path.realpath(entry.path) if is_link or found.linked else entry.path
    if real in seen:
        if is_link:
            log.debug("%s leads to %s, which was seen already", entry.path, real)
        return False
    seen.add(real)
    if is_link:
        found.linked.append(real)
    return True


def _mentions_dags(path: str) -> bool:
    with open(path, "rb") as file:
        return heuristic.mentions_dags(file.read())
