"""The supervisor's loop: output, deaths, restarts, health, and the end of everything.

It is the subreaper of all that its parts start, and the parent of the worker hosts: one whose
scheduler was killed is stopped with the rest, which is how nothing is left behind. When the supervisor
itself is killed, the kernel tells the parts (see ``fork``).
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

from slipstream.supervisor.host import HostDoor
from slipstream.supervisor.part import Output, Part, in_words
from slipstream.supervisor.probe import HealthProbe
from slipstream.task.process import adopt_orphans

STOP_WITHIN_S = 5.0
_KILL_AFTER_S = 4.4
_FIRST_PROBE_S, _LONGEST_PROBE_S = 0.05, 1.0
_STOP_TICK_S = 0.05
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_USER_ERROR_CODES = frozenset({1, 2})

Say = Callable[[str, str], None]


class Supervisor:
    """Runs parts until it is told to stop or one of them cannot even start."""

    def __init__(
        self,
        preparation: Part,
        parts: Sequence[Part],
        say: Say,
        probe: HealthProbe,
        on_healthy: Callable[[float], None],
        hosts: HostDoor,
    ) -> None:
        """``preparation`` has to succeed before the parts start, and is over then.

        ``say(part_name, line)`` prints; ``on_healthy`` gets the seconds that the start took.
        """
        self._preparation = preparation
        self._parts = list(parts)
        self._say = say
        self._probe = probe
        self._probe_at: float | None = None
        """When to ask again; None while an answer is awaited, and once all was well."""
        self._on_healthy = on_healthy
        self._hosts = hosts
        self._selector = selectors.DefaultSelector()
        self._signals: list[int] = []
        self._connection: socket.socket | None = None
        self._started_at = 0.0
        self._healthy = False
        self._failed = False
        self._stopping = False

    def run(self, warm_up: Callable[[], None]) -> int:
        """Start, watch, stop; return the exit code: 0 after a signal, 1 when a part cannot run.

        ``warm_up`` does what all parts would do; it is a part of the start's time.
        """
        adopt_orphans()
        self._started_at = time.monotonic()
        warm_up()
        with self._signals_caught():
            self._selector.register(self._hosts, selectors.EVENT_READ, self._hosts)
            self._start(self._preparation)
            while not self._signals and not self._failed:
                self._turn()
            self._stop()
        self._probe.close()
        for key in list(self._selector.get_map().values()):
            if isinstance(key.data, Output):
                key.data.close()
        self._selector.close()
        self._hosts.close()
        return 1 if self._failed else 0

    @contextmanager
    def _signals_caught(self) -> Iterator[None]:
        """Have signals, the deaths of children too, end the wait of a turn."""
        read_end, write_end = socket.socketpair()
        with read_end, write_end:
            read_end.setblocking(False)
            write_end.setblocking(False)
            signal.set_wakeup_fd(write_end.fileno(), warn_on_full_buffer=False)
            old = {number: signal.signal(number, self._on_signal) for number in _STOP_SIGNALS}
            old[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
            self._selector.register(read_end, selectors.EVENT_READ)
            try:
                yield
            finally:
                self._selector.unregister(read_end)
                signal.set_wakeup_fd(-1)
                for number, handler in old.items():
                    signal.signal(number, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._signals.append(number)

    def _start(self, part: Part) -> None:
        output = part.start(time.monotonic())
        self._selector.register(output, selectors.EVENT_READ, output)

    def _turn(self) -> None:
        """Wait for something to happen and deal with it."""
        for key, _ in self._selector.select(self._patience()):
            if isinstance(key.data, Output):
                self._print_lines(key.data)
            elif key.data is self._probe:
                self._on_answer()
            elif key.data is self._hosts:
                self._hosts.answer(refuse="Everything stops." if self._stopping else "")
            else:
                _drain(key.fileobj)
        self._reap()
        now = time.monotonic()
        if self._stopping:
            return
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

    def _print_lines(self, output: Output) -> bool:
        """Print what has arrived; tell whether it was anything."""
        lines = output.read_lines()
        for line in lines:
            self._say(output.name, line)
        if not output.is_open:
            self._selector.unregister(output)
            output.close()
        return bool(lines) and output.is_open

    def _reap(self) -> None:
        """Take note of all children that have ended, the adopted ones too."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            code = os.waitstatus_to_exitcode(status)
            self._hosts.ended(pid, code)
            if self._preparation.pid == pid:
                self._on_prepared(code)
            for part in self._parts:
                if part.pid == pid:
                    self._on_death(part, code)

    def _on_prepared(self, code: int) -> None:
        self._print_last_words(self._preparation)
        self._preparation.pid = None
        if self._signals:
            return  # it was told to end, and how it did is no news
        if code != 0:
            self._failed = True
            if code not in _USER_ERROR_CODES:
                self._say("standalone", f"{self._preparation.name} {in_words(code)}")
        else:
            for part in self._parts:
                self._start(part)
            self._probe_at = time.monotonic()

    def _print_last_words(self, part: Part) -> None:
        output = part.output
        while output is not None and output.is_open and self._print_lines(output):
            pass

    def _on_death(self, part: Part, code: int) -> None:
        self._print_last_words(part)  # they come before ours
        delay_s = part.ended(time.monotonic())
        if self._stopping or self._signals:
            return
        if not self._healthy and code in _USER_ERROR_CODES:
            self._failed = True  # it has said why, and would say so again
        else:
            self._say("standalone", f"{part.name} {in_words(code)}; starts again in {delay_s:g} s")

    def _stop(self) -> None:
        """End all children, the adopted ones too: politely, then by force."""
        self._stopping = True
        began = time.monotonic()
        led = self._hosts.led_by({part.pid for part in self._parts})
        for pid in set(children()) - led:
            _kill(pid, signal.SIGTERM)
        while children() and not self._is_impatient(time.monotonic() - began):
            self._turn()
        last = time.monotonic() + STOP_WITHIN_S - _KILL_AFTER_S
        while (left := children()) and time.monotonic() < last:
            for pid in left:
                _kill(pid, signal.SIGKILL)
            self._turn()

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


def _drain(wake: Any) -> None:
    try:
        while wake.recv(4096):
            pass
    except BlockingIOError:
        return
