"""Finding processes by what they descend from or by the marks in their environment.

Every process below a host carries ``SLIPSTREAM_HOST=<host id>:<pid>:<start time>``, and what a task
starts also ``SLIPSTREAM_ATTEMPT=<attempt id>``. A mark survives what the process tree does not: a
``sleep`` in a session of its own, whose parents were all killed, still has it.
"""

from __future__ import annotations

import logging
import os
import signal
from collections import defaultdict

from slipstream.task import process

log = logging.getLogger(__name__)

HOST_MARK = "SLIPSTREAM_HOST"
ATTEMPT_MARK = "SLIPSTREAM_ATTEMPT"


def mark_of(host_id: str, pid: int) -> str:
    """Return the value of a host's mark; the start time tells a pid that is used again."""
    return f"{host_id}:{pid}:{process.start_time(pid)}"


def descendants(pid: int) -> list[int]:
    """Return all living processes below one, its own pid left out."""
    below_of: dict[int, list[int]] = defaultdict(list)
    for other in _pids():
        if (parent := _parent_of(other)) is not None:
            below_of[parent].append(other)
    found: list[int] = []
    todo = [pid]
    while todo:
        below = below_of.get(todo.pop(), [])
        found += below
        todo += below
    return found


def children(pid: int) -> list[int]:
    """Return the living processes whose parent is ``pid``."""
    return [other for other in _pids() if _parent_of(other) == pid]


def marked(mark: str, value: str) -> list[int]:
    """Return the processes that have ``mark=value`` in the environment they began with."""
    wanted = f"{mark}={value}".encode()
    return [pid for pid in _pids() if wanted in _environment(pid)]


def kill_marked(mark: str, value: str) -> None:
    """Kill the processes that have ``mark=value`` in the environment they began with."""
    for pid in marked(mark, value):
        _kill(pid)


def kill_orphans() -> int:
    """Kill what worker hosts that are dead have left running; return how many."""
    prefix = f"{HOST_MARK}=".encode()
    n_killed = 0
    for pid in _pids():
        for entry in _environment(pid):
            if not entry.startswith(prefix):
                continue
            if not _is_alive(entry[len(prefix) :].decode(errors="replace")):
                log.warning("killing pid %d, which a dead worker host left behind", pid)
                n_killed += _kill(pid)
    return n_killed


def _is_alive(mark: str) -> bool:
    try:
        _, pid, started = mark.rsplit(":", 2)
        return process.start_time(int(pid)) == int(started)
    except ValueError:
        return True  # not a mark of ours: leave it alone


def _kill(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _pids() -> list[int]:
    own = os.getpid()
    return [pid for name in os.listdir("/proc") if name.isdigit() and (pid := int(name)) != own]


def _parent_of(pid: int) -> int | None:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            text = file.read()
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, parent = text[text.rindex(b")") + 2 :].split(None, 2)[:2]
    return None if state == b"Z" else int(parent)


def _environment(pid: int) -> list[bytes]:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return file.read().split(b"\0")
    except OSError:
        return []  # ended, or somebody else's
