"""What ``.airflowignore`` files take out of a bundle, as Airflow 3 reads them.

Rules of a folder hold for everything below it. ``glob`` is gitignore's language, negation
included; ``regexp`` searches the path below the bundle's root.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from slipstream.errors import ConfigError

if TYPE_CHECKING:
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

log = logging.getLogger(__name__)

FILE_NAME = ".airflowignore"
_COMMENT = re.compile(r"\s*#.*")


@dataclass(frozen=True, slots=True)
class _Glob:
    pattern: GitIgnoreSpecPattern
    anchor: PurePosixPath | None
    """The folder that the pattern is relative to; None: it matches names at any depth."""
    folders_only: bool

    def verdict(self, path: PurePosixPath, is_folder: bool) -> bool | None:
        if self.folders_only and not is_folder:
            return None
        subject = path.relative_to(self.anchor).as_posix() if self.anchor else path.name
        if self.pattern.match_file(subject + "/" if is_folder else subject) is None:
            return None
        return self.pattern.include


@dataclass(frozen=True, slots=True)
class _Regexp:
    pattern: re.Pattern[str]

    def verdict(self, path: PurePosixPath, is_folder: bool) -> bool | None:
        return True if self.pattern.search(path.as_posix()) else None


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules in force in one folder, those of its parents first; the last that matches wins."""

    syntax: str
    rules: tuple[_Glob | _Regexp, ...] = ()

    def ignores(self, path: PurePosixPath, *, is_folder: bool) -> bool:
        """Say whether ``path``, relative to the bundle's root, is left out."""
        ignored = False
        for rule in self.rules:
            verdict = rule.verdict(path, is_folder)
            if verdict is not None:
                ignored = verdict
        return ignored

    def extended(self, text: str, folder: PurePosixPath) -> Rules:
        """Return these rules and those of the ``.airflowignore`` in ``folder`` with this text."""
        lines = [_COMMENT.sub("", line) for line in text.split("\n")]
        added = (rule for line in lines if line for rule in _compile(line, self.syntax, folder))
        return Rules(self.syntax, (*self.rules, *added))


def no_rules(syntax: str) -> Rules:
    """Return the rules of a bundle without any; ``syntax`` is ``glob`` or ``regexp``."""
    syntax = syntax or "glob"
    if syntax not in ("glob", "regexp"):
        raise ConfigError(
            f"[core] dag_ignore_file_syntax is {syntax!r}: it must be 'glob' or 'regexp'."
        )
    return Rules(syntax)


def _compile(line: str, syntax: str, folder: PurePosixPath) -> Iterable[_Glob | _Regexp]:
    if syntax == "regexp":
        try:
            yield _Regexp(re.compile(line))
        except re.error as e:
            log.warning("%s: the expression %r is left out: %s", folder / FILE_NAME, line, e)
        return
    # pathspec costs 35 ms and 5 MB, and most bundles have no such file.
    from pathspec.patterns.gitignore import GitIgnorePatternError
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

    if line.strip() == "/":
        return  # matches nothing in gitignore
    anchored = line.startswith("/") or "/" in line.rstrip("/")
    try:
        pattern = GitIgnoreSpecPattern(line)
    except GitIgnorePatternError as e:
        log.warning("%s: the pattern %r is left out: %s", folder / FILE_NAME, line, e)
        return
    if pattern.include is None:
        return  # a blank line or a comment
    yield _Glob(pattern, folder if anchored else None, line.rstrip().endswith("/"))
