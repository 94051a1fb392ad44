"""Logs of a remote host, on their way to where the API server reads them.

A thread looks about once a second at the log of each attempt that runs here and sends what is new;
when an attempt has left the host, the rest at once. Chunks go to offsets in the server's file, so
one that is sent twice changes nothing, and the server's answer says where the next one goes. An
earlier attempt of the same try (before a reschedule or a deferral) may have written to both files:
an attempt's part begins, here and there, where the files ended then.

The last chunk of an attempt says so: the server has the whole log then, and may have it uploaded to a
remote log folder. Which attempts are writing is in a journal, so that a host's death costs nothing of
their logs: the next host of the machine sends what its predecessor could not.

Nobody waits for this thread. While the server is away it goes on looking; when the host stops it
gets a bounded time. A host that sees the server's log folder has nothing to send, or nothing but the
ends: the server tells by a mark that the host has put there.
"""

from __future__ import annotations

import base64
import logging
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slipstream.errors import SlipstreamError
from slipstream.worker.execution import Execution
from slipstream.worker.log_journal import LeftLogs, LogJournal, OpenLog, part_of, take_left

log = logging.getLogger(__name__)

INTERVAL_S = 1.0
_SOON_S = 0.1
"""So long ended attempts wait for company."""
_CHUNK = 256 * 1024
_MESSAGE = 2 * 1024 * 1024
"""Bytes of logs in one message."""
_ROUNDS = 8
_GIVE_UP_S = 3600.0
"""So long the rest of an ended attempt's log is kept for a server that is away."""

Send = Callable[[list[dict[str, Any]]], dict[str, Any] | None]
"""Sends chunks; returns in ``sizes`` where each attempt's next chunk goes, ``refused`` with reasons, and
``shared`` if there is nothing to send: ``ends`` if it is to be told of ends all the same. None when the
host has no name with the server yet. Raises ApiUnavailable and the like."""


@dataclass(slots=True, eq=False)
class _Log:
    """One attempt's log: where its part begins here and there, and how far it is known there."""

    part: OpenLog
    execution: Execution | None = None
    """None: its host has died, and left it to this one."""
    left: LeftLogs | None = None
    is_known: bool = True
    """False until the server has said how much of a left log it has."""
    sent: int = 0
    """Bytes of the part that the server has."""
    ended_at: float | None = None

    @property
    def id(self) -> str:
        return self.part.id

    @property
    def base(self) -> int | None:
        """Where the part begins in the server's file; None until the server has said."""
        return self.part.base

    @property
    def has_begun(self) -> bool:
        return self.execution is None or self.execution.has_begun

    @property
    def token(self) -> str | None:
        if self.execution is None:
            return self.part.token
        token: str | None = self.execution.workload.get("token")
        return token


@dataclass(frozen=True, slots=True)
class _Chunk:
    """What is said about a log in one message."""

    log: _Log
    offset: int | None
    data: bytes = b""
    is_last: bool = False

    def to_json(self) -> dict[str, Any]:
        return {
            "token": self.log.token,
            "attempt_id": self.log.id,
            "offset": self.offset,
            "data": base64.b64encode(self.data).decode("ascii"),
            "is_last": self.is_last,
            "start": self.log.base if self.offset is not None else self.log.part.start,
        }


class LogShipper:
    """Takes the logs of this host's attempts to the server."""

    def __init__(self, send: Send, journal: LogJournal, *, interval_s: float = INTERVAL_S) -> None:
        self._send = send
        self._journal = journal
        self._interval_s = interval_s
        self._logs: dict[str, _Log] = {}
        self._changed = threading.Condition()
        self._is_urgent = False
        self._closes_at: float | None = None
        self._has_closed = False
        self._is_off = False
        self._tells_ends_only = False
        self._is_away = False
        self._thread: threading.Thread | None = None

    # From the host's loop

    def resume(self) -> None:
        """See to what dead hosts of this machine have left."""
        now = time.monotonic()
        with self._changed:
            for left in take_left(self._journal.path.parent):
                for part in left.logs:
                    self._logs[part.id] = _Log(part, left=left, is_known=False, ended_at=now)
            self._is_urgent = bool(self._logs)
            if self._logs:
                self._start()

    def begin(self, execution: Execution) -> None:
        """Note where the log ends before the execution writes to it."""
        part = None if self._is_off else part_of(execution)
        if part is None:
            return
        with self._changed:
            self._logs.setdefault(part.id, _Log(part, execution))
            self._changed.notify_all()
            self._start()

    def started(self, execution: Execution) -> None:
        """From here on, something of the attempt's is in its log."""
        with self._changed:
            found = self._logs.get(execution.attempt_id)
        if found is not None:
            found.part.token = found.token
            self._journal.note(found.part)

    def end(self, execution: Execution) -> None:
        """Send the rest; of an execution that never began there is none."""
        with self._changed:
            found = self._logs.get(execution.attempt_id)
            if found is None:
                return
            if not execution.has_begun:
                del self._logs[execution.attempt_id]
                return
            found.ended_at = time.monotonic()
            self._is_urgent = True
            self._changed.notify_all()

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="logs", daemon=True)
            self._thread.start()

    def close(self, timeout_s: float) -> None:
        """Send what is left, within this time."""
        with self._changed:
            self._closes_at = time.monotonic() + timeout_s
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(timeout_s)
        self._journal.close()

    # The thread

    def _run(self) -> None:
        while self._wait():
            try:
                self._ship()
                self._is_away = False
            except SlipstreamError as exc:
                if not self._is_away:
                    log.info("logs wait here until they are taken: %s", exc)
                self._is_away = True
                self._give_up_old()
            except Exception:
                log.exception("logs could not be sent")

    def _wait(self) -> bool:
        """Wait for the next look; False when the host has stopped and nothing more can be done."""
        with self._changed:
            if self._is_off:
                return False
            self._changed.wait_for(lambda: self._logs or self._closes_at is not None)
            self._changed.wait_for(
                lambda: self._is_urgent or self._closes_at is not None, self._interval_s
            )
            if self._closes_at is not None:
                # The first try is made at once; what is left then waits for the server.
                if self._has_closed:
                    self._changed.wait(_SOON_S)
                self._has_closed = True
                return bool(self._logs) and time.monotonic() < self._closes_at
            if self._is_urgent:
                self._is_urgent = False
                self._changed.wait_for(lambda: self._closes_at is not None, _SOON_S)
            return True

    def _ship(self) -> None:
        """Send what is new, in a few messages; a task that never stops writing must not hold us."""
        for _ in range(_ROUNDS):
            chunks = self._news()
            if not chunks:
                return
            answer = self._send([chunk.to_json() for chunk in chunks])
            if answer is None:
                return
            if answer.get("shared"):
                if not answer.get("ends"):
                    self._turn_off()
                    return
                self._tells_ends_only = True
                continue
            for chunk in chunks:
                self._note(chunk, answer)
        self._is_urgent = True

    def _news(self) -> list[_Chunk]:
        """Return what there is to say now: new bytes, an end, or the question where a part begins."""
        with self._changed:
            known = list(self._logs.values())
        chunks: list[_Chunk] = []
        size = 0
        for each in known:
            if not each.has_begun or not each.token:
                continue
            chunk = self._end_of(each) if self._tells_ends_only else self._news_of(each)
            if chunk is not None:
                chunks.append(chunk)
                size += len(chunk.data)
            if size >= _MESSAGE:
                break
        return chunks

    @staticmethod
    def _end_of(each: _Log) -> _Chunk | None:
        return None if each.ended_at is None else _Chunk(each, None, is_last=True)

    def _news_of(self, each: _Log) -> _Chunk | None:
        if each.token != each.part.token:
            each.part.token = each.token
            self._journal.note(each.part)
        if each.base is None or not each.is_known:
            return _Chunk(each, None)
        has_ended = each.ended_at is not None  # before reading: nothing comes after that
        data = self._read(each)
        if not data and not has_ended:
            return None
        return _Chunk(each, each.base + each.sent, data, has_ended and len(data) < _CHUNK)

    def _read(self, each: _Log) -> bytes:
        try:
            fd = os.open(each.part.path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return b""
        try:
            return os.pread(fd, _CHUNK, each.part.start + each.sent)
        finally:
            os.close(fd)

    def _note(self, chunk: _Chunk, answer: dict[str, Any]) -> None:
        each = chunk.log
        there = answer["sizes"].get(each.id)
        each.is_known = True
        if there is None:
            reason = answer["refused"].get(each.id, "no reason given")
            log.warning("the log of attempt %s is not taken: %s", each.id, reason)
            self._forget(each)
        elif chunk.offset is None and chunk.is_last:
            self._forget(each)
        elif each.base is None or there < each.base:
            each.part.base, each.sent = (
                there,
                0,
            )  # it begins; or their file is gone, and begins anew
            if each.left is None:
                self._journal.note(each.part)
        elif chunk.is_last and chunk.offset is not None and there == chunk.offset + len(chunk.data):
            self._forget(each)
        else:
            each.sent = there - each.base

    def _forget(self, each: _Log) -> None:
        with self._changed:
            self._logs.pop(each.id, None)
        if each.left is None:
            self._journal.over(each.id)
        else:
            each.left.over(each.id)

    def _give_up_old(self) -> None:
        now = time.monotonic()
        with self._changed:
            known = list(self._logs.values())
        for each in known:
            if each.ended_at is not None and now - each.ended_at > _GIVE_UP_S:
                log.warning("the rest of the log of attempt %s stays here", each.id)
                self._forget(each)

    def _turn_off(self) -> None:
        with self._changed:
            self._is_off = True
            known = list(self._logs.values())
        for each in known:
            self._forget(each)


def leave_mark(folder: Path) -> str | None:
    """Put a file into the log folder by which a server that shares it knows; return its name."""
    name = f".slipstream-{os.getpid()}-{os.urandom(8).hex()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).touch(mode=0o600)
    except OSError as exc:
        log.warning("logs cannot be kept in %s: %s", folder, exc)
        return None
    return name


def remove_mark(folder: Path, name: str | None) -> None:
    """Remove what ``leave_mark`` put there."""
    if name is not None:
        with suppress(OSError):
            (folder / name).unlink()
