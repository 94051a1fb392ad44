"""A task process's output: its log file, and what writes to it.

File descriptors 1 and 2 are the log file itself, so nothing is lost when the process dies, and
what other programs print is there as they printed it. Python's ``logging``, ``print`` and
``sys.stderr`` write JSON lines as Airflow 3's log files have them. A log that cannot be written
(a full disk) never fails the task: what does not fit is dropped.
"""

from __future__ import annotations

import fcntl
import io
import json
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from slipstream.clock import utcnow
from slipstream.task.failure import Mask, error_detail

_N_TRIES = 4
_MAX_UNFINISHED = 1 << 16
"""Characters of a line without an end that are kept back before they are written as a record."""
_MAX_CAPTURED = 1 << 16
"""A file that prints without end at its top must not fill the memory of its zygote."""

_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, default=str).encode


def redirect_to(path: str) -> str | None:
    """Make fds 1 and 2 the log file (appending); return why that failed, or None.

    Without a log they lead nowhere.
    """
    reason = None
    try:
        fd = _open(path)
    except OSError as exc:
        reason = f"{path} cannot be written: {exc.strerror}"
        fd = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
    os.dup2(fd, 1)
    os.dup2(fd, 2)
    os.close(fd)
    return reason


def _open(path: str) -> int:
    """Open the log, locked against removal: an uploaded log that nobody writes to may be removed."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
    for _ in range(_N_TRIES):
        try:
            fd = os.open(path, flags, 0o644)
        except FileNotFoundError:
            _make_folder(path.rpartition("/")[0])
            continue
        try:
            fcntl.flock(fd, fcntl.LOCK_SH)  # who removes it holds its lock for a moment only
        except OSError:
            return fd  # a file system without locks
        if os.fstat(fd).st_nlink:
            return fd
        os.close(fd)
    return os.open(path, flags, 0o644)


def _make_folder(path: str) -> None:
    try:
        os.mkdir(path)  # mostly one is missing, and makedirs looks at much before it makes one
    except FileExistsError:
        return
    except FileNotFoundError:
        os.makedirs(path, exist_ok=True)


_on_loss: list[Callable[[str], bool]] = []
"""Who wants to know, once, that the log does not take what is written; empty when told."""


def tell_of_loss(tell: Callable[[str], bool]) -> None:
    """Call ``tell`` with the reason when the log refuses a line (a full disk), until it is True."""
    _on_loss[:] = [tell]


_streams: list[RecordStream] = []
_handlers: list[logging.Handler] = []


def install(mask: Mask, level: str) -> None:
    """Send Python's logging, ``print`` and errors to fds 1 and 2 as JSON lines."""
    _streams[:] = [
        RecordStream(1, "info", "task.stdout", mask),
        RecordStream(2, "error", "task.stderr", mask),
    ]
    _handlers[:] = [JsonHandler(mask)]
    logging.getLogger().setLevel(level)
    logging.captureWarnings(True)
    reinstall()


def reinstall() -> None:
    """Put back what a DAG file may have replaced at its top."""
    sys.stdout, sys.stderr = _streams
    root = logging.getLogger()
    if root.handlers != _handlers:
        root.handlers[:] = _handlers


def flush() -> None:
    """Write what ``print`` has left without a line's end."""
    for stream in _streams:
        stream.finish()


def write_record(level: str, event: str, logger: str = "task", **fields: Any) -> None:
    """Write one record of the engine's own to the log."""
    record = {"timestamp": _now(), "level": level, "event": event, "logger": logger, **fields}
    _write(1, record)


def _now() -> str:
    return utcnow().isoformat().replace("+00:00", "Z")


_sinks: list[bytearray] = []


@contextmanager
def captured() -> Iterator[bytearray]:
    """Collect the records of the block instead of writing them."""
    sink = bytearray()
    _sinks.append(sink)
    try:
        yield sink
        flush()
    finally:
        _sinks.remove(sink)


def write_lines(lines: bytes) -> None:
    """Write records that were collected elsewhere."""
    _write_all(1, lines)


def _write(fd: int, record: dict[str, Any]) -> None:
    line = (_encode(record) + "\n").encode("utf-8", "backslashreplace")
    if _sinks:
        if len(_sinks[-1]) < _MAX_CAPTURED:
            _sinks[-1] += line
    else:
        _write_all(fd, line)


def _write_all(fd: int, line: bytes) -> None:
    data = memoryview(line)
    try:
        while data:
            data = data[os.write(fd, data) :]
    except OSError as exc:
        # No space, or a log that vanished. The task goes on; only the host can still say so.
        if _on_loss and _on_loss[0](f"what it writes is lost: {exc.strerror}"):
            _on_loss.clear()


class JsonHandler(logging.Handler):
    """Writes log records as JSON lines, one write each."""

    def __init__(self, mask: Mask) -> None:
        super().__init__()
        self._mask = mask

    def emit(self, record: logging.LogRecord) -> None:
        try:
            event = record.getMessage()
        except Exception:
            event = f"{record.msg!r} (with arguments that do not fit: {record.args!r})"
        line: dict[str, Any] = {
            "timestamp": datetime.fromtimestamp(record.created, UTC)
            .isoformat()
            .replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "event": self._mask(event),
            "logger": record.name,
            "filename": record.filename,
            "lineno": record.lineno,
        }
        if record.exc_info and record.exc_info[1] is not None:
            line["error_detail"] = error_detail(record.exc_info[1], self._mask)
        if record.stack_info:
            line["stack_info"] = self._mask(record.stack_info)
        _write(1, line)


class RecordStream(io.TextIOBase):
    """``sys.stdout`` or ``sys.stderr``: each line that is written becomes a record."""

    def __init__(self, fd: int, level: str, logger: str, mask: Mask) -> None:
        self._fd = fd
        self._level = level
        self._logger = logger
        self._mask = mask
        self._unfinished = ""
        self.buffer = _Bytes(self)

    encoding = "utf-8"
    errors = "backslashreplace"

    @property
    def name(self) -> str:
        return "<stdout>" if self._fd == 1 else "<stderr>"

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._fd

    def isatty(self) -> bool:
        return False

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        *lines, rest = (self._unfinished + text).split("\n")
        for line in lines:
            self._record(line)
        if len(rest) > _MAX_UNFINISHED:
            self._record(rest)
            rest = ""
        self._unfinished = rest
        return len(text)

    def finish(self) -> None:
        """Write the line that has no end yet."""
        if self._unfinished:
            line, self._unfinished = self._unfinished, ""
            self._record(line)

    def _record(self, line: str) -> None:
        record = {"timestamp": _now(), "level": self._level, "event": self._mask(line)}
        record["logger"] = self._logger
        _write(self._fd, record)


class _Bytes(io.RawIOBase):
    """The ``buffer`` of a stream: for code that writes bytes to ``sys.stdout.buffer``."""

    def __init__(self, stream: RecordStream) -> None:
        self._stream = stream

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._stream.fileno()

    def write(self, data: Any) -> int:
        text = bytes(data).decode("utf-8", "backslashreplace")
        self._stream.write(text)
        return memoryview(data).nbytes
