"""The supervisor's loop: output, deaths, restarts, health, and the end of everything.

It is the subreaper of all that its parts start: a worker host whose scheduler was killed becomes
a child of the supervisor, which is how nothing is left behind when it stops. When the supervisor
itself is killed, the kernel tells the parts (see ``slipstream.cli.service.process``).
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from types import FrameType
from typing import Any

from slipstream.supervisor.part import Part, in_words
from slipstream.supervisor.port import HealthProbe
from slipstream.task.process import adopt_orphans

STOP_WITHIN_S = 5.0
_KILL_AFTER_S = 4.4
_FIRST_PROBE_S, _LONGEST_PROBE_S = 0.05, 1.0
_STOP_TICK_S = 0.05
_USER_ERROR_CODES = frozenset({1, 2})

Say = Callable[[str, str], None]


class Supervisor:
    """Runs parts until it is told to stop or one of them cannot even start."""

    def __init__(
        self,
        parts: Sequence[Part],
        env: Mapping[str, str],
        say: Say,
        probe: HealthProbe,
        on_healthy: Callable[[float], None],
    ) -> None:
        """``say(part_name, line)`` prints; ``on_healthy`` gets the seconds that the start took."""
        self._parts = list(parts)
        self._env = env
        self._say = say
        self._probe = probe
        self._probe_at: float | None = None
        """When to ask again; None while an answer is awaited, and once all was well."""
        self._on_healthy = on_healthy
        self._selector = selectors.DefaultSelector()
        self._signals: list[int] = []
        self._connection: socket.socket | None = None
        self._started_at = 0.0
        self._healthy = False
        self._failed = False
        self._stopping = False

    def run(self) -> int:
        """Start, watch, stop; return the exit code: 0 after a signal, 1 when a part cannot run."""
        adopt_orphans()
        wake_r, wake_w = socket.socketpair()
        wake_r.setblocking(False)
        wake_w.setblocking(False)
        self._selector.register(wake_r, selectors.EVENT_READ)
        old_handlers = self._catch_signals(wake_w)
        self._started_at = self._probe_at = time.monotonic()
        try:
            for part in self._parts:
                self._start(part)
            while not self._signals and not self._failed:
                self._turn(wake_r)
            self._stop(wake_r)
        finally:
            self._probe.close()
            signal.set_wakeup_fd(-1)
            for number, handler in old_handlers.items():
                signal.signal(number, handler)
            self._selector.close()
            wake_r.close()
            wake_w.close()
        return 1 if self._failed else 0

    def _catch_signals(self, wake: socket.socket) -> dict[int, Any]:
        signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
        old: dict[int, Any] = {}
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            old[number] = signal.signal(number, self._on_signal)
        old[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)  # wakes the loop
        return old

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._signals.append(number)

    def _start(self, part: Part) -> None:
        part.start(self._env, time.monotonic())
        assert part.output is not None
        self._selector.register(part.output, selectors.EVENT_READ, part)

    def _turn(self, wake: socket.socket, restart: bool = True) -> None:
        """Wait for something to happen and deal with it."""
        for key, _ in self._selector.select(self._patience()):
            if isinstance(key.data, Part):
                self._print_output(key.data)
            elif key.data is self._probe:
                self._on_answer()
            else:
                _drain(wake)
        self._reap(restart)
        now = time.monotonic()
        if restart:
            for part in self._parts:
                if part.restart_at is not None and now >= part.restart_at:
                    self._start(part)
            if self._probe_at is not None and now >= self._probe_at:
                self._ask()

    def _patience(self) -> float | None:
        if self._stopping:
            return _STOP_TICK_S
        times = [part.restart_at for part in self._parts if part.restart_at is not None]
        times += [self._probe_at] if self._probe_at is not None else []
        return max(0.0, min(times) - time.monotonic()) if times else None

    def _ask(self) -> None:
        connection = self._probe.ask()
        if connection is None:
            self._ask_again()
            return
        self._probe_at = None
        self._connection = connection
        self._selector.register(connection, selectors.EVENT_READ, self._probe)

    def _on_answer(self) -> None:
        descriptor = self._connection
        assert descriptor is not None
        number = descriptor.fileno()
        healthy = self._probe.read()
        if healthy is None:
            return
        self._selector.unregister(number)
        self._connection = None
        if healthy:
            self._healthy = True
            self._on_healthy(time.monotonic() - self._started_at)
        else:
            self._ask_again()

    def _ask_again(self) -> None:
        """Plan the next question: the longer it has been taking, the later."""
        now = time.monotonic()
        wait_s = (now - self._started_at) / 20
        self._probe_at = now + min(_LONGEST_PROBE_S, max(_FIRST_PROBE_S, wait_s))

    def _print_output(self, part: Part) -> bool:
        lines, more = part.read_lines()
        for line in lines:
            self._say(part.name, line)
        if not more and part.output is not None:
            self._selector.unregister(part.output)
            part.close_output()
        return more and bool(lines)

    def _reap(self, restart: bool) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            for part in self._parts:
                if part.pid == pid:
                    self._on_death(part, os.waitstatus_to_exitcode(status), restart)

    def _on_death(self, part: Part, code: int, restart: bool) -> None:
        while part.output is not None and self._print_output(part):
            pass
        if part.output is not None:
            # A descendant of the dead part still holds the pipe; nobody reads what it writes.
            self._selector.unregister(part.output)
            part.close_output()
        delay_s = part.ended(code, time.monotonic())
        if not restart:
            part.restart_at = None
        elif not self._healthy and code in _USER_ERROR_CODES:
            part.restart_at = None
            self._failed = True  # it has said why, and would say so again
        else:
            self._say("standalone", f"{part.name} {in_words(code)}; starts again in {delay_s:g} s")

    def _stop(self, wake: socket.socket) -> None:
        """End all children, the adopted ones too: politely, then by force."""
        self._stopping = True
        began = time.monotonic()
        for pid in children():
            _kill(pid, signal.SIGTERM)
        while children() and not self._is_impatient(time.monotonic() - began):
            self._turn(wake, restart=False)
        last = time.monotonic() + STOP_WITHIN_S - _KILL_AFTER_S
        while (left := children()) and time.monotonic() < last:
            for pid in left:
                _kill(pid, signal.SIGKILL)
            self._turn(wake, restart=False)

    def _is_impatient(self, waited_s: float) -> bool:
        """Tell whether the polite part of the stop is over: by time, or by a second signal.

        Signals within a second of the first are the same one: `timeout` and some terminals send
        it to the process and to its group.
        """
        if waited_s < 1.0:
            self._signals = self._signals[:1]
        return waited_s > _KILL_AFTER_S or len(self._signals) > 1


def children() -> list[int]:
    """Return the pids of this process's children, the adopted ones included."""
    with open(f"/proc/self/task/{os.getpid()}/children") as file:
        return [int(pid) for pid in file.read().split()]


def _kill(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return  # it has ended by itself


def _drain(wake: socket.socket) -> None:
    try:
        while wake.recv(4096):
            pass
    except BlockingIOError:
        return
