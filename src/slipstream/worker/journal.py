"""Outcomes on disk, while the store is away.

One file per host below ``$AIRFLOW_HOME/run``: a JSON line per outcome, in order. The host writes
here what it could not commit, and empties the file when it could. A host that dies in between
leaves the file to the next host of the machine; the compare-and-set on the attempt id makes a
second delivery harmless.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from slipstream.attempt import Outcome
from slipstream.worker import left_file

log = logging.getLogger(__name__)

_PREFIX, _SUFFIX = "outcomes-", ".jsonl"


class Journal:
    """The journal of one host. Creates its file with the first outcome, and locks it.

    The lock lasts as long as the host's process, which is how another host knows that a file
    has been left behind. Its caller sees to it that one thread at a time is in here.
    """

    def __init__(self, folder: Path, host_id: str) -> None:
        self.path = path_of(folder, host_id)
        self._fd: int | None = None
        self._written: set[str] = set()
        self._is_failing = False

    def add(self, outcomes: Sequence[Outcome]) -> None:
        """Append the outcomes that it does not hold yet; durable on return.

        A disk that cannot take them is logged once: they stay in the host's memory all the same.
        """
        new = [o for o in outcomes if o.attempt_id not in self._written]
        if not new:
            return
        size = 0
        try:
            if self._fd is None:
                self._fd = left_file.create(self.path)
            size = os.fstat(self._fd).st_size
            lines = "".join(json.dumps(outcome.to_json()) + "\n" for outcome in new)
            left_file.write_all(self._fd, lines.encode())
            os.fsync(self._fd)
        except OSError as exc:
            self._cut(size)
            if not self._is_failing:
                self._is_failing = True
                log.error(
                    "cannot journal %d outcome(s) to %s: %s; they are kept in memory",
                    *(len(new), self.path, exc),
                )
            return
        self._is_failing = False
        self._written.update(o.attempt_id for o in new)

    def _cut(self, size: int) -> None:
        """Drop what a full disk took of a line, for the next line would be part of it."""
        if self._fd is not None:
            with suppress(OSError):
                os.ftruncate(self._fd, size)

    def clear(self, keep: Sequence[Outcome] = ()) -> None:
        """Drop what is committed: all that it holds but ``keep``."""
        if self._fd is None:
            return
        kept = [o for o in keep if o.attempt_id in self._written]
        self.path.unlink(missing_ok=True)
        os.close(self._fd)
        self._fd = None
        self._written.clear()
        self.add(kept)


class LeftJournal:
    """The journal of a host that is dead, locked by the one that delivers it."""

    def __init__(self, path: Path, file: TextIO) -> None:
        self._path = path
        self._file = file
        self.outcomes = parse(file.read(), path)
        self._undelivered = {o.attempt_id for o in self.outcomes}

    def on_delivered(self, attempt_id: str) -> None:
        """Note that an outcome is settled; the last one removes the file."""
        self._undelivered.discard(attempt_id)
        self.remove_if_done()

    def remove_if_done(self) -> None:
        """Remove the file when nothing in it is undelivered."""
        if not self._undelivered and not self._file.closed:
            self._path.unlink(missing_ok=True)
            self._file.close()


def take_left(folder: Path) -> list[LeftJournal]:
    """Lock and read the journals that dead hosts have left, oldest first."""
    return [LeftJournal(path, file) for path, file in left_file.take(paths(folder))]


def paths(folder: Path) -> list[Path]:
    """Return all journals of the folder, oldest first (host ids are time-ordered)."""
    return sorted(folder.glob(f"{_PREFIX}*{_SUFFIX}"))


def read(path: Path) -> list[Outcome]:
    """Return a journal's outcomes, without a lock; none when there is no file."""
    try:
        return parse(path.read_text(encoding="utf-8"), path)
    except FileNotFoundError:
        return []


def parse(text: str, path: Path) -> list[Outcome]:
    """Return the outcomes in a journal's text; a last line cut short by a crash is left out."""
    outcomes = []
    for line in text.split("\n")[:-1]:
        try:
            outcomes.append(Outcome.from_json(json.loads(line)))
        except (ValueError, TypeError, KeyError) as exc:
            log.error("skipped an unreadable line of %s: %s", path, exc)
    return outcomes


def path_of(folder: Path, host_id: str) -> Path:
    """Return where the host's journal is, if it has one."""
    return folder / f"{_PREFIX}{host_id}{_SUFFIX}"
