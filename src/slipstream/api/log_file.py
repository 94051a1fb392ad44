"""Task logs: where a try's file is, and its lines as structured events, read as they are needed.

A log can be gigabytes, and can grow while it is read: it is streamed, up to the size that it had
when asked, and a token says where to go on. Lines are the writer's own JSON records, masked when
written; what is no such record (raw output of a process) becomes an event of its own.

A log is made of pieces: mostly one file here, else an object in the remote log folder
(``remote_log``), else the one after the other.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from slipstream.config import conf
from slipstream.log_name import log_name

_LONGEST_LINE = 1 << 20


class BadToken(Exception):
    """The continuation token is none of ours."""


class UnsafePath(Exception):
    """The ids would lead out of the log folder."""


def path_of(dag_id: str, run_id: str, task_id: str, map_index: int, try_number: int) -> Path:
    """Return the log file of a try, whether it exists or not; raise UnsafePath."""
    return below_log_folder(name_of(dag_id, run_id, task_id, map_index, try_number))


def name_of(dag_id: str, run_id: str, task_id: str, map_index: int, try_number: int) -> str:
    """Return the path of a try's log below the log folder; raise UnsafePath."""
    if any("/" in each or "\x00" in each for each in (dag_id, run_id, task_id)):
        raise UnsafePath
    return log_name(dag_id, run_id, task_id, map_index, try_number)


def below_log_folder(relative: str) -> Path:
    """Return a path below the log folder; raise UnsafePath for one that leads out of it."""
    if "\x00" in relative:
        raise UnsafePath
    base = Path(os.path.realpath(conf.get("logging", "base_log_folder")))
    path = Path(os.path.realpath(base / relative))
    # A symbolic link below the folder must not lead out of it either.
    if not path.is_relative_to(base):
        raise UnsafePath
    return path


@dataclass(frozen=True, slots=True)
class Piece:
    """A file or an object with a part of a log, or all of it."""

    name: str
    """For people."""
    size: int
    open: Callable[[], BinaryIO]


def local_piece(path: Path) -> Piece | None:
    """Return a log file as a piece; None if there is no file."""
    try:
        return Piece(str(path), path.stat().st_size, lambda: path.open("rb"))
    except (FileNotFoundError, NotADirectoryError):
        return None


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a log, from byte to byte; it ends at the end of a line."""

    pieces: Sequence[Piece]
    start: int
    end: int

    def token(self, *, is_over: bool) -> str:
        """Return what goes on after this span; ``is_over``: nothing will follow."""
        said = {"end": self.end, "over": True} if is_over else {"end": self.end}
        text = json.dumps(said, separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_token(token: str | None) -> tuple[int, bool]:
    """Return the byte to go on at, and whether the log was over then; raise BadToken."""
    if not token:
        return 0, False
    try:
        said = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        at, is_over = said["end"], bool(said.get("over"))
    except (ValueError, TypeError, KeyError, AttributeError):
        raise BadToken from None
    if not isinstance(at, int) or isinstance(at, bool) or at < 0:
        raise BadToken
    return at, is_over


def span(pieces: Sequence[Piece], start: int, *, is_finished: bool) -> Span | None:
    """Return what there is to read from ``start`` on; None if there are no pieces.

    The last line of a log that is still being written counts once its end is there.
    """
    if not pieces:
        return None
    *earlier, last = pieces
    before = sum(piece.size for piece in earlier)
    end = before + last.size
    if not is_finished and start < end:
        with last.open() as f:
            end = before + _last_line_end(f, max(0, start - before), last.size)
    return Span(pieces, min(start, end), end)


def _last_line_end(f: BinaryIO, start: int, size: int) -> int:
    """Return the offset after the last newline in the file, at least ``start``."""
    at = size
    while at > start:
        step = min(64 * 1024, at - start)
        f.seek(at - step)
        newline = f.read(step).rfind(b"\n")
        if newline >= 0:
            return at - step + newline + 1
        at -= step
    return start


def lines(part: Span) -> Iterator[str]:
    """Yield each line of a span as one JSON object with an ``event``."""
    before = 0
    for piece in part.pieces:
        start, end = part.start - before, min(part.end - before, piece.size)
        if start < end:
            yield from _lines(piece, max(0, start), end)
        before += piece.size


def _lines(piece: Piece, start: int, end: int) -> Iterator[str]:
    with piece.open() as f:
        f.seek(start)
        left = end - start
        while left > 0:
            line = f.readline(min(left, _LONGEST_LINE))
            if not line:
                return  # the file was cut short meanwhile
            left -= len(line)
            text = line.decode("utf-8", "replace").rstrip("\r\n")
            yield text if _is_record(text) else json.dumps({"timestamp": None, "event": text})


def _is_record(text: str) -> bool:
    if not text.startswith("{"):
        return False
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(record, dict) and isinstance(record.get("event"), str)


def note(event: str, timestamp: str | None = None, **facts: str) -> str:
    """Return an event of the server's own, as a line."""
    return json.dumps({"timestamp": timestamp, **facts, "event": event})
