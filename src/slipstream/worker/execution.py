"""The host's records: an attempt that it was given, and a task process that it may run in.

Plain data with the little arithmetic that belongs to it; the host and its zygotes move them.
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

from slipstream.attempt import Outcome
from slipstream.task.protocol import FrameBuffer
from slipstream.worker.outbox import Outbox
from slipstream.worker.timer import Timer

if TYPE_CHECKING:
    from slipstream.worker.zygote import ZygoteHandle


class Leave(Enum):
    """Where the start's compare-and-set stands."""

    UNASKED = "unasked"
    ASKED = "asked"
    GRANTED = "granted"


@dataclass(frozen=True, slots=True)
class Exit:
    """How a task process ended, as its zygote saw it."""

    code: int | None = None
    signal: int | None = None
    max_rss_kb: int | None = None

    @property
    def is_clean(self) -> bool:
        return self.code == 0

    def __str__(self) -> str:
        if self.signal is not None:
            return f"was killed by signal {self.signal} ({_signal_name(self.signal)})"
        if self.code is not None:
            return f"ended with exit code {self.code}"
        return "vanished together with its zygote"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"


@dataclass(slots=True, eq=False)
class Execution:
    """An attempt in this host, from its submission to the end of its process."""

    workload: dict[str, Any]
    path: str
    log_path: str
    process: TaskProcess | None = None
    leave: Leave = Leave.UNASKED
    started_at: datetime | None = None
    is_guess: bool = False
    """``started_at`` is by this machine's clock, which nobody had compared with the database's."""
    outcome: Outcome | None = None
    """Set once: by the process's finish, or by the host when there was none."""
    rendered: dict[str, Any] | None = None
    """What its templates became, until that is handed over to be written."""
    rendered_at: float = 0.0
    """When it said so, by the monotonic clock."""
    unsaved: str | None = None
    """Why the store does not take the outcome that its process reported."""
    holds_slot: bool = False
    cancelled: str | None = None
    """Why the host ends the process, in words; None: it does not."""
    is_suspect: bool = False
    """Its zygote was killed with others at work in it, any of which may have done so."""
    is_withdrawn: bool = False
    """It is ended because its attempt is not current any more: nothing comes of it."""
    log_lost: str | None = None
    """Why its log is not whole; set by its process."""
    load_error: str | None = None
    """Why its DAG file cannot be loaded; the process only says so and fails."""
    timers: list[Timer] = field(default_factory=list)
    """What is to happen if it takes too long; cancelled at its end."""
    n_processes: int = 0
    """Processes that it was given; more than one when one died before it began."""

    @property
    def attempt_id(self) -> str:
        return str(self.workload["attempt_id"])

    @property
    def has_begun(self) -> bool:
        """Whether it was given leave: something of it is in its log."""
        return self.leave is Leave.GRANTED

    @property
    def is_task(self) -> bool:
        """Whether it is an attempt with a row to start and finish, not a callback alone."""
        return bool(self.workload.get("kind", "task") == "task")

    @property
    def may_begin_again(self) -> bool:
        """Whether its author lets it run more than once, and it can go on where it began."""
        w = self.workload
        return self.is_task and bool(w.get("max_tries")) and not w.get("next_method")

    @property
    def try_key(self) -> tuple[Any, ...]:
        """What all attempts of one try have in common."""
        w = self.workload
        names = ("dag_id", "run_id", "task_id", "map_index", "try_number")
        return tuple(w.get(name) for name in names)

    @property
    def name(self) -> str:
        """What log lines call it."""
        w = self.workload
        index = f"[{w['map_index']}]" if w.get("map_index", -1) >= 0 else ""
        return f"{w['dag_id']}.{w.get('task_id', '')}{index} of {w['run_id']} ({self.attempt_id})"


@dataclass(slots=True, eq=False)
class TaskProcess:
    """A process forked for an attempt: spare, at work, or ended."""

    pid: int
    socket: socket.socket
    zygote: ZygoteHandle
    buffer: FrameBuffer = field(default_factory=FrameBuffer)
    execution: Execution | None = None
    is_open: bool = True
    """The socket has not reached its end."""
    exit: Exit | None = None
    listens_for: int = selectors.EVENT_READ
    outbox: Outbox = field(init=False)

    def __post_init__(self) -> None:
        self.outbox = Outbox(self.socket)

    def signal_group(self, number: int) -> bool:
        """Signal the process and all that it started in its group; False when it is gone."""
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            return False
        return True
