"""Which logs a host has yet to see to, on disk, for the host after it.

One file per host below ``$AIRFLOW_HOME/run``: a JSON line when an attempt begins to write its log, one
for what becomes known of it, one when its log is where people read it. A host that is killed leaves
the file to the next host of the machine. What an attempt has written is in its log already, so a line
lost with the machine's power costs at most the log's last part elsewhere; nothing is synced here.
"""

from __future__ import annotations

import json
import logging
import os
import threading
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TextIO

from slipstream.worker import left_file
from slipstream.worker.execution import Execution

log = logging.getLogger(__name__)

_PREFIX, _SUFFIX = "logs-", ".jsonl"
_SMALL = 64 * 1024
_LARGE = 4 * 1024 * 1024


@dataclass(slots=True)
class OpenLog:
    """An attempt's part of a log file."""

    id: str
    """The attempt's, or the callback's."""
    path: str
    name: str
    """The file's path below the log folder."""
    start: int
    """Where the part begins in the file."""
    token: str | None = None
    base: int | None = None
    """Where it begins in the API server's file; None while nothing of it was sent there."""

    def to_json(self) -> dict[str, Any]:
        """Return its fields without those that are None."""
        pairs = ((f.name, getattr(self, f.name)) for f in fields(self))
        return {name: value for name, value in pairs if value is not None}


def part_of(execution: Execution) -> OpenLog | None:
    """Return the part of its log that an execution is about to write; None if it has no log."""
    if not execution.log_path:
        return None
    try:
        start = os.stat(execution.log_path).st_size
    except OSError:
        start = 0
    return OpenLog(execution.attempt_id, execution.log_path, execution.workload["log_path"], start)


class LogJournal:
    """The journal of one host. Creates its file with the first log, and locks it."""

    def __init__(self, folder: Path, host_id: str) -> None:
        self.path = folder / f"{_PREFIX}{host_id}{_SUFFIX}"
        self._fd: int | None = None
        self._size = 0
        self._is_closed = False
        self._is_failing = False
        self._open: dict[str, OpenLog] = {}
        self._lock = threading.Lock()

    def note(self, each: OpenLog) -> None:
        """Write down an attempt's part of a log, or what is new about it."""
        with self._lock:
            if not self._is_closed:
                self._open[each.id] = each
                # What could not be written down before is caught up on.
                news = self._open.values() if self._is_failing else [each]
                self._append([part.to_json() for part in news])

    def over(self, id: str) -> None:
        """Note that a part needs no more care."""
        with self._lock:
            if self._is_closed or self._open.pop(id, None) is None:
                return
            if self._size < (_LARGE if self._open else _SMALL):
                self._append([{"id": id, "over": True}])
            else:
                self._begin_anew()

    def close(self) -> None:
        """Remove the file, unless something in it is for the next host."""
        with self._lock:
            self._is_closed = True
            if self._fd is None:
                return
            if not self._open:
                self.path.unlink(missing_ok=True)
            os.close(self._fd)
            self._fd = None

    def _append(self, lines: list[dict[str, Any]]) -> None:
        data = "".join(json.dumps(line) + "\n" for line in lines).encode()
        try:
            if self._fd is None:
                self._fd = left_file.create(self.path)
            left_file.write_all(self._fd, data)
        except OSError as exc:
            if not self._is_failing:
                log.error("cannot journal to %s: %s", self.path, exc)
            self._is_failing = True
            self._cut()
            return
        self._is_failing = False
        self._size += len(data)

    def _cut(self) -> None:
        """Drop what a full disk took of a line, for the next line would be part of it."""
        if self._fd is not None:
            with suppress(OSError):
                os.ftruncate(self._fd, self._size)

    def _begin_anew(self) -> None:
        """Keep only what is open. Other hosts find the old file or the new one, never none."""
        unfinished = self.path.with_suffix(".new")
        data = "".join(json.dumps(each.to_json()) + "\n" for each in self._open.values()).encode()
        try:
            fd = left_file.create(unfinished)
            try:
                left_file.write_all(fd, data)
                unfinished.rename(self.path)
            except OSError:
                os.close(fd)
                raise
        except OSError as exc:
            log.error("cannot shorten %s: %s", self.path, exc)
            return
        if self._fd is not None:
            os.close(self._fd)
        self._fd, self._size = fd, len(data)


class LeftLogs:
    """The journal of a host that is dead, locked by the one that sees to its logs."""

    def __init__(self, path: Path, file: TextIO) -> None:
        self._path = path
        self._file = file
        self.logs = _parse(file.read(), path)
        self._undone = {each.id for each in self.logs}

    def over(self, id: str) -> None:
        """Note that a log needs no more care; the last one removes the file."""
        self._undone.discard(id)
        self.remove_if_done()

    def remove_if_done(self) -> None:
        """Remove the file when nothing in it is undone."""
        if not self._undone and not self._file.closed:
            self._path.unlink(missing_ok=True)
            self._file.close()


def take_left(folder: Path) -> list[LeftLogs]:
    """Lock and read the journals that dead hosts have left, oldest first."""
    paths = sorted(folder.glob(f"{_PREFIX}*{_SUFFIX}"))
    found = [LeftLogs(path, file) for path, file in left_file.take(paths)]
    for left in found:
        left.remove_if_done()
    return found


def _parse(text: str, path: Path) -> list[OpenLog]:
    """Return the logs that are open at the text's end; a line cut short is left out."""
    found: dict[str, dict[str, Any]] = {}
    for line in text.split("\n")[:-1]:
        try:
            record = json.loads(line)
            if record.get("over"):
                found.pop(record["id"], None)
            else:
                found[record["id"]] = record
        except (ValueError, TypeError, KeyError, AttributeError) as exc:
            log.error("skipped an unreadable line of %s: %s", path, exc)
    logs = []
    for record in found.values():
        try:
            logs.append(OpenLog(**record))
        except TypeError as exc:
            log.error("skipped an unreadable line of %s: %s", path, exc)
    return logs
