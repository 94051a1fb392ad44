"""``config update``: bring ``airflow.cfg`` to today's names, comments and order kept."""

from __future__ import annotations

import argparse
import os
import re
import shutil
from collections.abc import Callable, Iterator
from typing import NamedTuple

from slipstream.config.catalog import Name, catalog
from slipstream.config.home import config_path
from slipstream.errors import UserError

_SECTION = re.compile(r"\[([^\]]+)\]")
_OPTION = re.compile(r"([^\s#;=:\[][^=:]*?)\s*[=:]")
_FORMS = ("", "_cmd", "_secret")
"""The endings under which a file may set a secret option."""


class Entry(NamedTuple):
    """An option's place in the file."""

    section: str
    key: str
    start: int
    end: int
    """The line behind its last, continuation lines included."""


class CfgText:
    """The lines of a configuration file, and where its options are."""

    def __init__(self, text: str) -> None:
        self.lines = text.splitlines()

    def entries(self) -> Iterator[Entry]:
        section = ""
        for i, line in enumerate(self.lines):
            if found := _SECTION.match(line):
                section = found[1].strip()
            elif found := _OPTION.match(line):
                end = i + 1
                while end < len(self.lines) and self.lines[end][:1].isspace():
                    end += 1
                yield Entry(section, found[1].strip().lower(), i, end)

    def find(self, name: Name) -> Entry | None:
        return next((each for each in self.entries() if (each.section, each.key) == name), None)

    def remove(self, entry: Entry) -> None:
        del self.lines[entry.start : entry.end]

    def rename(self, entry: Entry, new: Name) -> None:
        """Give an option another name; move it if that is in another section."""
        first, *rest = self.lines[entry.start : entry.end]
        moved = [new[1] + first[len(_OPTION.match(first)[1]) :], *rest]  # type: ignore[index]
        if entry.section == new[0]:
            self.lines[entry.start : entry.end] = moved
            return
        self.remove(entry)
        at = self._end_of(new[0])
        self.lines[at:at] = moved

    def _end_of(self, section: str) -> int:
        """Return the line behind the section's last; begin the section if there is none."""
        starts = [i for i, line in enumerate(self.lines) if _SECTION.match(line)]
        for i, following in zip(starts, [*starts[1:], len(self.lines)], strict=True):
            if self.lines[i].strip() == f"[{section}]":
                while following > i + 1 and not self.lines[following - 1].strip():
                    following -= 1
                return following
        self.lines += ["", f"[{section}]"]
        return len(self.lines)

    def text(self) -> str:
        return "\n".join(self.lines) + "\n"


def update(args: argparse.Namespace, is_wanted: Callable[[str, str], bool]) -> None:
    """Print what would change in ``airflow.cfg``; with ``--fix``, change it and keep the old file."""
    path = config_path()
    try:
        with open(path, encoding="utf-8") as file:
            cfg = CfgText(file.read())
    except OSError as error:
        raise UserError(f"Cannot read {path}: {error.strerror}.") from error
    changes = list(_renamed(cfg, is_wanted)) + list(_removed(cfg, is_wanted))
    for change in changes:
        print(change)
    if not changes:
        print(f"{path} uses today's names.")
    elif not args.fix:
        print("Nothing was changed: --fix does it.")
    else:
        backup = f"{path}.bak"
        try:
            shutil.copy2(path, backup)
            _replace(path, cfg.text())
        except OSError as error:
            raise UserError(f"Cannot write {error.filename}: {error.strerror}.") from error
        print(f"{path} is changed; {backup} is what it was.")


def _renamed(cfg: CfgText, is_wanted: Callable[[str, str], bool]) -> Iterator[str]:
    for old, (section, key) in catalog().renamed().items():
        for form in _FORMS:
            new = (section, f"{key}{form}")
            entry = cfg.find((old[0], f"{old[1]}{form}"))
            if entry is None or not is_wanted(*old):
                continue
            if cfg.find(new) is None:
                cfg.rename(entry, new)
                yield f"[{entry.section}] {entry.key} becomes [{section}] {new[1]}."
            else:
                cfg.remove(entry)
                yield f"[{entry.section}] {entry.key} goes: [{section}] {new[1]} is set, and wins."


def _removed(cfg: CfgText, is_wanted: Callable[[str, str], bool]) -> Iterator[str]:
    for text in sorted(catalog().removed):
        section, _, key = text.rpartition(".")
        entry = cfg.find((section, key))
        if entry is not None and is_wanted(section, key):
            cfg.remove(entry)
            yield f"[{section}] {key} goes: it does nothing any more."


def _replace(path: str, text: str) -> None:
    """Write the file anew, all at once and with the rights that it has."""
    temporary = f"{path}.{os.getpid()}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    shutil.copymode(path, temporary)
    os.replace(temporary, path)
