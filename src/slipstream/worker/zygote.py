"""The host's end of one zygote: its state, its task processes, its spares.

Knows which processes exist and which executions wait for one; what an execution is, and when
there should be a zygote at all, is for others (``supervisor``, ``pool``).
"""

from __future__ import annotations

import os
import signal
import socket
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from slipstream.task.protocol import Message, send_control
from slipstream.worker.execution import Execution, TaskProcess

MAX_SPARES = 2 * (os.cpu_count() or 2)
"""Spare children of one zygote under steady demand."""
SPARES_IDLE_S = 10.0
"""A zygote that was not used for so long keeps no spares."""


@dataclass(frozen=True, slots=True)
class FileKey:
    """A DAG file as it was at one moment."""

    path: str
    mtime_ns: int
    size: int


def file_key(path: str) -> FileKey:
    """Return the file's key now; raises OSError."""
    found = os.stat(path)  # not pathlib: this is done for every attempt
    return FileKey(path, found.st_mtime_ns, found.st_size)


class Supervisor(Protocol):
    """What the events of zygotes mean to the rest of the host."""

    def watch(self, process: TaskProcess) -> None:
        """Listen to a process just forked."""

    def forget(self, process: TaskProcess) -> None:
        """Close a spare process's socket, which is its sign to leave."""

    def assign(self, execution: Execution, process: TaskProcess) -> None:
        """Give the execution to the process."""

    def on_exit(self, process: TaskProcess) -> None:
        """The process has ended; ``process.exit`` says how."""

    def on_load_failed(self, execution: Execution, reason: str) -> None:
        """The execution's DAG file cannot be loaded in a zygote."""

    def on_load_request(self, zygote: ZygoteHandle, message: Message) -> None:
        """The code at the top of a DAG file asks the store."""


@dataclass(slots=True, eq=False)
class ZygoteHandle:
    """A base zygote (``key`` None) or a DAG zygote."""

    control: socket.socket
    supervisor: Supervisor
    now: Callable[[], float]
    key: FileKey | None = None
    pid: int | None = None
    is_ready: bool = False
    is_gone: bool = False
    is_retired: bool = False
    max_age_s: float = float("inf")
    created_at: float = 0.0
    used_at: float = 0.0
    checked_at: float = 0.0
    stamps: dict[str, FileKey | None] = field(default_factory=dict)
    """What the loaded file depends on, as it was when it was loaded; None: it was missing."""
    waiting: deque[Execution] = field(default_factory=deque)
    spares: deque[TaskProcess] = field(default_factory=deque)
    processes: dict[int, TaskProcess] = field(default_factory=dict)
    """Every child that has not been reported as ended, spares included."""
    n_forking: int = 0
    n_spares_wanted: int = 0

    @property
    def is_idle(self) -> bool:
        """Whether nothing runs in it and nothing waits for it."""
        return not self.waiting and len(self.processes) == len(self.spares)

    def take(self, execution: Execution) -> None:
        """Run the execution in a process of this zygote, a spare one if there is."""
        self.used_at = self.now()
        if not self.spares:
            self.n_spares_wanted = min(self.n_spares_wanted + 1, MAX_SPARES)
        self.waiting.append(execution)
        self.pump()

    def pump(self) -> None:
        """Match those who wait with spares, and ask for what is missing."""
        if not self.is_ready or self.is_gone:
            return
        while self.waiting and self.spares:
            self.supervisor.assign(self.waiting.popleft(), self.spares.popleft())
        spares = 0 if self.is_retired else self.n_spares_wanted
        n = len(self.waiting) + spares - len(self.spares) - self.n_forking
        if n <= 0:
            return
        try:
            send_control(self.control, {"m": "fork", "n": n})
        except BlockingIOError:
            return  # it has much to do; what it reports next leads here again
        except (BrokenPipeError, ConnectionResetError):
            return  # it has died, and the end of its socket will tell
        self.n_forking += n

    def add_process(self, pid: int, sock: socket.socket) -> None:
        """Take in a process that the zygote has just forked."""
        self.n_forking -= 1
        sock.setblocking(False)
        process = TaskProcess(pid, sock, self)
        self.processes[pid] = process
        self.supervisor.watch(process)
        self.spares.append(process)
        self.pump()
        if self.is_retired:
            self.drop_spares()

    def retire(self) -> None:
        """Take no more work; it is done (``is_done``) when its last process has ended."""
        self.is_retired = True
        self.drop_spares()

    def drop_spares(self, keep: int = 0) -> None:
        """Let spares end until ``keep`` are left."""
        self.n_spares_wanted = min(self.n_spares_wanted, keep)
        while len(self.spares) > keep:
            process = self.spares.pop()
            self.supervisor.forget(process)  # its socket's end is its sign to leave

    @property
    def is_done(self) -> bool:
        """Whether it is retired and the last of its processes has ended."""
        busy = self.processes or self.waiting or self.n_forking
        return self.is_retired and not busy

    def kill(self) -> None:
        """Kill the zygote; its processes die with it."""
        if self.pid is not None and not self.is_gone:
            try:
                os.kill(self.pid, signal.SIGKILL)
            except ProcessLookupError:
                return

    def is_fresh(self) -> bool:
        """Whether the loaded file and all that it read are as they were.

        Looked up at most every millisecond for each such file: looking costs a few thousandths
        of that, and a burst of attempts one look.
        """
        now = self.now()
        if not self.is_ready:
            return True
        if self.is_too_old(now):
            return False
        if now - self.checked_at > _FRESH_S * len(self.stamps):
            self.checked_at = now
            return all(stamp(path) == before for path, before in self.stamps.items())
        return True

    def is_too_old(self, now: float) -> bool:
        """Whether the file must be loaded anew for its next task, changed or not."""
        return self.is_ready and now - self.created_at > self.max_age_s

    def on_loaded(self, message: Message) -> None:
        """Remember what the zygote reports of its file."""
        self.is_ready = True
        self.created_at = self.checked_at = self.now()
        self.stamps = {path: stamp(path) for path in message["files"]}
        if message["asked"] or message["error"]:
            self.max_age_s = VOLATILE_AGE_S


_FRESH_S = 0.001
VOLATILE_AGE_S = 2.0
"""How long a file is shared whose result depends on the store, or that failed to load."""
MAX_AGE_S = 60.0
"""How long any file is shared: its top may depend on the date or on the world outside."""


def stamp(path: str) -> FileKey | None:
    """Return the file's key, or None when it cannot be looked at."""
    try:
        return file_key(path)
    except OSError:
        return None
