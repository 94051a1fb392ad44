"""Logs of a remote host, on their way to where the API server reads them.

A thread looks about once a second at the log of each attempt that runs here and sends what is new;
when an attempt has left the host, the rest at once. Chunks go to offsets in the server's file, so
one that is sent twice changes nothing, and the server's answer says where the next one goes. An
earlier attempt of the same try (before a reschedule or a deferral) may have written to both files:
an attempt's part begins, here and there, where the files ended then.

Nobody waits for this thread. While the server is away it goes on looking; when the host stops it
gets a bounded time. A host that sees the server's log folder has nothing to send: the server tells
by a mark that the host has put there.
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
from slipstream.worker.execution import Execution, Leave

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
``shared`` if there is nothing to send at all. None when the host has no name with the server yet.
Raises ApiUnavailable and the like."""


@dataclass(slots=True, eq=False)
class _Log:
    """One attempt's log: where its part begins here and there, and how far it is known there."""

    execution: Execution
    start: int
    base: int | None = None
    """Where the part begins in the server's file; None until the server has said."""
    sent: int = 0
    """Bytes of the part that the server has."""
    ended_at: float | None = None

    @property
    def token(self) -> str | None:
        token: str | None = self.execution.workload.get("token")
        return token


class LogShipper:
    """Takes the logs of this host's attempts to the server."""

    def __init__(self, send: Send, *, interval_s: float = INTERVAL_S) -> None:
        self._send = send
        self._interval_s = interval_s
        self._logs: dict[str, _Log] = {}
        self._changed = threading.Condition()
        self._is_urgent = False
        self._closes_at: float | None = None
        self._has_closed = False
        self._is_off = False
        self._thread: threading.Thread | None = None

    # From the host's loop

    def begin(self, execution: Execution) -> None:
        """Note where the log ends before the execution writes to it."""
        if self._is_off or not execution.log_path:
            return
        try:
            start = os.stat(execution.log_path).st_size
        except OSError:
            start = 0
        with self._changed:
            self._logs.setdefault(execution.attempt_id, _Log(execution, start))
            self._changed.notify_all()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="logs", daemon=True)
                self._thread.start()

    def end(self, execution: Execution) -> None:
        """Send the rest; of an execution that never began there is none."""
        with self._changed:
            found = self._logs.get(execution.attempt_id)
            if found is None:
                return
            if execution.leave is not Leave.GRANTED:
                del self._logs[execution.attempt_id]
                return
            found.ended_at = time.monotonic()
            self._is_urgent = True
            self._changed.notify_all()

    def close(self, timeout_s: float) -> None:
        """Send what is left, within this time."""
        with self._changed:
            self._closes_at = time.monotonic() + timeout_s
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(timeout_s)

    # The thread

    def _run(self) -> None:
        while self._wait():
            try:
                self._ship()
            except SlipstreamError as exc:
                log.info("logs are not sent now: %s", exc)
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
            parts = self._news()
            if not parts:
                return
            answer = self._send([_chunk(each, data) for each, data in parts])
            if answer is None:
                return
            if answer.get("shared"):
                self._turn_off()
                return
            for each, _data in parts:
                self._note(each, answer)
        self._is_urgent = True

    def _news(self) -> list[tuple[_Log, bytes]]:
        """Return what there is to say now: new bytes, or the question where a part begins."""
        with self._changed:
            known = list(self._logs.values())
        parts: list[tuple[_Log, bytes]] = []
        size = 0
        for each in known:
            if each.execution.leave is not Leave.GRANTED or not each.token:
                continue
            has_ended = each.ended_at is not None  # before reading: nothing comes after that
            data = self._read(each) if each.base is not None else b""
            if data or each.base is None:
                parts.append((each, data))
                size += len(data)
            elif has_ended:
                self._forget(each)
            if size >= _MESSAGE:
                break
        return parts

    def _read(self, each: _Log) -> bytes:
        try:
            fd = os.open(each.execution.log_path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return b""
        try:
            return os.pread(fd, _CHUNK, each.start + each.sent)
        finally:
            os.close(fd)

    def _note(self, each: _Log, answer: dict[str, Any]) -> None:
        attempt_id = each.execution.attempt_id
        there = answer["sizes"].get(attempt_id)
        if there is None:
            reason = answer["refused"].get(attempt_id, "no reason given")
            log.warning("the log of attempt %s is not taken: %s", attempt_id, reason)
            self._forget(each)
        elif each.base is None or there < each.base:
            each.base, each.sent = there, 0  # it begins; or their file is gone, and begins anew
        else:
            each.sent = there - each.base

    def _forget(self, each: _Log) -> None:
        with self._changed:
            self._logs.pop(each.execution.attempt_id, None)

    def _give_up_old(self) -> None:
        now = time.monotonic()
        with self._changed:
            for attempt_id, each in list(self._logs.items()):
                if each.ended_at is not None and now - each.ended_at > _GIVE_UP_S:
                    log.warning("the rest of the log of attempt %s stays here", attempt_id)
                    del self._logs[attempt_id]

    def _turn_off(self) -> None:
        with self._changed:
            self._is_off = True
            self._logs.clear()


def _chunk(each: _Log, data: bytes) -> dict[str, Any]:
    return {
        "token": each.token,
        "attempt_id": each.execution.attempt_id,
        "offset": None if each.base is None else each.base + each.sent,
        "data": base64.b64encode(data).decode("ascii"),
    }


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
