"""What the tasks of one run print and log, as it comes: the ends of their growing logs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from slipstream.cli.log_text import readable
from slipstream.config import conf
from slipstream.scheduler.workload import log_path
from slipstream.state import TERMINAL_STATES
from slipstream.store.row import RunRow, TaskInstanceRow

_PART = 1 << 20  # bytes of a log that are read at a time


class Said(NamedTuple):
    """A line of the log of a task instance's try."""

    ti: TaskInstanceRow
    try_number: int
    line: str


class _Log:
    """A log and how far it has been read: up to the last line that was whole."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0

    def news(self, *, is_over: bool) -> Iterator[str]:
        """Yield the lines that are new; a last one without an end only if nothing follows."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                while part := file.read(_PART):
                    whole = part.rfind(b"\n") + 1
                    if not whole and (is_over or len(part) == _PART):
                        whole = len(part)
                    if not whole:
                        return
                    self._offset += whole
                    file.seek(self._offset)
                    # Not splitlines: a record may hold what Unicode calls a line's end.
                    text = part[:whole].decode("utf-8", "replace").removesuffix("\n")
                    for raw in text.split("\n"):
                        yield from readable(raw.rstrip("\r"))
        except FileNotFoundError:
            return
        except OSError as error:
            yield f"(the log {self._path} cannot be read: {error.strerror})"


class Follower:
    """Reads the logs of a run's tries, each from where it was left."""

    def __init__(self, row: RunRow) -> None:
        self._row = row
        self._base = Path(conf.get("logging", "base_log_folder"))
        self._logs: dict[tuple[str, int, int], _Log] = {}
        self._ended: set[tuple[str, int, int]] = set()

    def news(self, tis: Sequence[TaskInstanceRow], *, is_over: bool = False) -> Iterator[Said]:
        """Yield what is new in the logs of tries that were not over when last looked at.

        With ``is_over``, in all: the worker host adds a last line to some.
        """
        for ti in tis:
            for number in range(1, ti.try_number + 1):
                key = (ti.task_id, ti.map_index, number)
                if key in self._ended and not is_over:
                    continue
                log = self._logs.get(key) or self._logs.setdefault(key, _Log(self._path(key)))
                for line in log.news(is_over=is_over):
                    yield Said(ti, number, line)
                if number < ti.try_number or ti.state in TERMINAL_STATES:
                    self._ended.add(key)

    def _path(self, key: tuple[str, int, int]) -> Path:
        return self._base / log_path(self._row, *key)
