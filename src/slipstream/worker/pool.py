"""All zygotes of a host: the base zygote, and a DAG zygote for each DAG file in use.

Decides which zygote an execution runs in, when a file is loaded anew, and who goes when there
are too many. A zygote that dies is replaced, and those who waited for it wait for the new one;
a file that kills its zygote while loading fails only the attempts that wanted it.
"""

from __future__ import annotations

import logging
import os
import selectors
import socket
import subprocess
import sys
from collections import OrderedDict
from contextlib import suppress
from typing import Any

from slipstream.clock import Clock
from slipstream.errors import SlipstreamError
from slipstream.task.protocol import Message, PeerGone, receive_control, send_control
from slipstream.worker.execution import Execution, Exit, TaskProcess
from slipstream.worker.timer import Timers
from slipstream.worker.zygote import (
    MAX_AGE_S,
    SPARES_IDLE_S,
    FileKey,
    Supervisor,
    ZygoteHandle,
    file_key,
)

log = logging.getLogger(__name__)

MAX_DAG_ZYGOTES = 48
MAX_SPARES_IN_ALL = 16 * (os.cpu_count() or 2)
ZYGOTE_IDLE_S = 30.0
"""A zygote that was not used for so long ends: it holds 7 MB, and loading a file anew costs little."""
_LOAD_GRACE_S = 5.0
_FORK_RETRY_S = 0.5
_TICK_S = 2.0
_MAX_QUICK_DEATHS = 5
_QUICK_S = 2.0
_END_S = 1.0
_MAX_SUSPECTS = 1000


class ZygoteTrouble(SlipstreamError):
    """The base zygote keeps dying as soon as it starts; its standard error says why."""


class ZygotePool:
    """Starts, feeds, watches and ends the zygotes of one host."""

    def __init__(
        self,
        selector: selectors.BaseSelector,
        timers: Timers,
        clock: Clock,
        supervisor: Supervisor,
        *,
        env: dict[str, str],
        import_timeout_s: float,
    ) -> None:
        """``env`` is the zygotes' environment, ``import_timeout_s`` 0 means no limit."""
        self._selector = selector
        self._timers = timers
        self._clock = clock
        self._supervisor = supervisor
        self._env = env
        self._import_timeout_s = import_timeout_s
        self._by_path: OrderedDict[str, ZygoteHandle] = OrderedDict()  # least recently used first
        self._by_pid: dict[int, ZygoteHandle] = {}
        self._loading: dict[str, ZygoteHandle] = {}
        self._leaving: list[ZygoteHandle] = []
        self._unshareable: OrderedDict[FileKey, str] = OrderedDict()
        self._suspects: OrderedDict[tuple[Any, ...], None] = OrderedDict()
        self._n_loads = 0
        self._n_quick_deaths = 0
        self._is_closed = False
        self._is_ticking = False
        self._base, self._popen = self._start_base()

    def run(self, execution: Execution) -> None:
        """Have the execution assigned to a process that has, or will load, its DAG file."""
        if execution.load_error:
            self._base.take(execution)
            return
        try:
            key = file_key(execution.path)
        except OSError as exc:
            execution.load_error = (
                f"The DAG file {execution.path} cannot be read: {exc.strerror}. "
                "Every machine on which tasks run needs the DAG files."
            )
            self._base.take(execution)
            return
        if key in self._unshareable:
            self._base.take(execution)
            return
        if execution.try_key in self._suspects:
            self._run_apart(execution, key)
            return
        zygote = self._by_path.get(key.path)
        if zygote is not None and (zygote.key != key or not zygote.is_fresh()):
            self.retire(zygote)
            zygote = None
        if zygote is None:
            zygote = self._load(key)
        self._by_path.move_to_end(key.path)
        zygote.take(execution)
        self._start_ticking()

    def _run_apart(self, execution: Execution, key: FileKey) -> None:
        """Give it a zygote of its own: if that is killed again, nobody else can have done it."""
        shared = self._by_path.get(key.path)
        zygote = self._load(key)
        self.retire(zygote)
        if shared is not None and not shared.is_retired:
            self._by_path[key.path] = shared
        zygote.take(execution)
        self._start_ticking()

    def retire(self, zygote: ZygoteHandle) -> None:
        """Give the zygote no more work, and end it when its last process has ended."""
        if zygote.key is not None and self._by_path.get(zygote.key.path) is zygote:
            del self._by_path[zygote.key.path]
        if not zygote.is_retired:
            zygote.retire()
            self._leaving.append(zygote)

    def close(self) -> None:
        """End every zygote and with them whatever still runs."""
        self._is_closed = True
        for zygote in [self._base, *self._by_path.values(), *self._leaving]:
            self._hang_up(zygote)
        self._popen.kill()
        self._popen.wait()

    # Base zygote

    def _start_base(self) -> tuple[ZygoteHandle, subprocess.Popen[bytes]]:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        command = [sys.executable, "-m", "slipstream.task.zygote"]
        command += [str(theirs.fileno()), str(os.getpid())]
        popen = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, pass_fds=(theirs.fileno(),), env=self._env
        )
        theirs.close()
        base = ZygoteHandle(ours, self._supervisor, self._clock.monotonic, pid=popen.pid)
        base.created_at = self._clock.monotonic()
        self._by_pid[popen.pid] = base
        self._listen(base)
        return base, popen

    def _replace_base(self) -> None:
        """Start a base zygote after one died, and hand it those who waited."""
        dead = self._base
        try:
            code = self._popen.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            code = self._popen.wait()
        log.error("the base zygote (pid %d) ended with %d; starting another", dead.pid, code)
        if self._clock.monotonic() - dead.created_at < _QUICK_S:
            self._n_quick_deaths += 1
            if self._n_quick_deaths >= _MAX_QUICK_DEATHS:
                raise ZygoteTrouble(f"the base zygote ended {_MAX_QUICK_DEATHS} times at once")
        else:
            self._n_quick_deaths = 0
        self._base, self._popen = self._start_base()
        self._loading.clear()
        orphans = [dead, *self._by_path.values(), *self._leaving]
        self._suspect([process for zygote in orphans for process in zygote.processes.values()])
        for zygote in orphans:  # their processes are dying with them
            self._settle_gone(zygote)

    # DAG zygotes

    def _load(self, key: FileKey) -> ZygoteHandle:
        self._make_room()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        self._n_loads += 1
        name = str(self._n_loads)
        zygote = ZygoteHandle(ours, self._supervisor, self._clock.monotonic, key=key)
        zygote.max_age_s = MAX_AGE_S
        zygote.created_at = self._clock.monotonic()
        self._loading[name] = self._by_path[key.path] = zygote
        self._listen(zygote)
        message = {"m": "load", "key": name, "path": key.path, "timeout_s": self._import_timeout_s}
        # When the base zygote has just died, replacing it brings this zygote's waiters back.
        with suppress(BrokenPipeError, ConnectionResetError):
            send_control(self._base.control, message, theirs.fileno())
        theirs.close()
        if self._import_timeout_s > 0:
            limit_s = self._import_timeout_s + _LOAD_GRACE_S
            self._timers.after(limit_s, lambda: self._end_endless_load(zygote))
        return zygote

    def _make_room(self) -> None:
        idle = (z for z in self._by_path.values() if z.is_idle and z.is_ready)
        if len(self._by_path) >= MAX_DAG_ZYGOTES and (oldest := next(idle, None)):
            self.retire(oldest)
            self._sweep_leaving()

    def _end_endless_load(self, zygote: ZygoteHandle) -> None:
        if not zygote.is_ready and not zygote.is_gone:
            zygote.kill()

    # Events

    def _listen(self, zygote: ZygoteHandle) -> None:
        self._selector.register(
            zygote.control, selectors.EVENT_READ, lambda: self._on_readable(zygote)
        )

    def _hang_up(self, zygote: ZygoteHandle) -> None:
        if not zygote.is_gone:
            zygote.is_gone = True
            self._selector.unregister(zygote.control)
            zygote.control.close()

    def _on_readable(self, zygote: ZygoteHandle) -> None:
        while not zygote.is_gone:
            try:
                message, fd = receive_control(zygote.control)
            except BlockingIOError:
                return
            except PeerGone:
                self._on_gone(zygote)
                return
            except (ValueError, KeyError):
                # Code at the top of a DAG file has got at the socket.
                log.exception("a zygote does not keep to the protocol; killing it")
                zygote.kill()
                self._on_gone(zygote)
                return
            self._on_message(zygote, message, fd)

    def _on_message(self, zygote: ZygoteHandle, message: Message, fd: int | None) -> None:
        match message["m"]:
            case "forked" if fd is not None:
                zygote.add_process(message["pid"], socket.socket(fileno=fd))
                self._trim_spares(zygote)
            case "exited":
                self._on_exited(zygote, message)
            case "request":
                self._supervisor.on_load_request(zygote, message)
            case "ready":
                zygote.is_ready = True
                zygote.pump()
            case "loading":
                child = self._loading.pop(message["key"], None)
                if child is not None:
                    child.pid = message["pid"]
                    self._by_pid[message["pid"]] = child
            case "loaded":
                self._on_loaded(zygote, message)
            case "failed":
                self._on_fork_failed(zygote, message)
            case unknown:
                raise ValueError(f"unknown message {unknown!r} from a zygote")

    def _on_loaded(self, zygote: ZygoteHandle, message: Message) -> None:
        zygote.on_loaded(message)
        why = message["unshareable"]
        if why is None or zygote.key is None:
            zygote.pump()
            return
        log.info("%s is loaded anew for each of its tasks: %s", zygote.key.path, why)
        self._unshareable[zygote.key] = why
        while len(self._unshareable) > 10 * MAX_DAG_ZYGOTES:
            self._unshareable.popitem(last=False)
        waiting = list(zygote.waiting)
        zygote.waiting.clear()
        self.retire(zygote)
        self._sweep_leaving()
        for execution in waiting:
            self._base.take(execution)

    def _on_exited(self, zygote: ZygoteHandle, message: Message) -> None:
        pid = message["pid"]
        how = Exit(message.get("code"), message.get("signal"), message["max_rss_kb"])
        process = zygote.processes.pop(pid, None)
        if process is not None:
            process.exit = how
            if process in zygote.spares:
                zygote.spares.remove(process)
            self._supervisor.on_exit(process)
            if zygote.is_retired:
                self._sweep_leaving()
            return
        dead = self._by_pid.pop(pid, None)
        if dead is not None:
            self._settle_gone(dead, how)

    def _on_gone(self, zygote: ZygoteHandle) -> None:
        self._hang_up(zygote)
        if self._is_closed:
            return
        if zygote is self._base:
            self._replace_base()
        elif zygote.is_ready:
            self._settle_gone(zygote)
        # A zygote that went while loading is settled when the base zygote says how it ended.

    def _on_fork_failed(self, zygote: ZygoteHandle, message: Message) -> None:
        log.error("no process could be forked (%s); trying again", message["reason"])
        if (loading := self._loading.pop(message["what"], None)) is not None:
            self._timers.after(_FORK_RETRY_S, lambda: self._settle_gone(loading))
            return
        zygote.n_forking -= 1
        zygote.n_spares_wanted = 0
        self._timers.after(_FORK_RETRY_S, zygote.pump)

    def _settle_gone(self, zygote: ZygoteHandle, how: Exit | None = None) -> None:
        """Settle what a dead zygote leaves: its processes, and those who waited for it."""
        self._hang_up(zygote)
        if zygote.key is not None and self._by_path.get(zygote.key.path) is zygote:
            del self._by_path[zygote.key.path]
        if zygote in self._leaving:
            self._leaving.remove(zygote)
        if zygote.pid is not None:
            self._by_pid.pop(zygote.pid, None)
        processes, zygote.processes = list(zygote.processes.values()), {}
        zygote.spares.clear()
        waiting = list(zygote.waiting)
        zygote.waiting.clear()
        self._suspect(processes)
        for process in processes:
            process.exit = Exit()
            self._supervisor.on_exit(process)
        for execution in waiting:
            if how is not None and not zygote.is_ready:
                reason = self._why_load_ended(zygote, how)
                self._supervisor.on_load_failed(execution, reason)
            else:
                self.run(execution)

    def _suspect(self, processes: list[TaskProcess]) -> None:
        """Remember who was at work in what has been killed, if one may have killed it for all."""
        executions = [p.execution for p in processes if p.execution is not None]
        begun = [each for each in executions if each.has_begun and each.outcome is None]
        for each in begun if len(begun) > 1 else ():
            if each.may_begin_again and each.try_key not in self._suspects:
                each.is_suspect = True
                self._suspects[each.try_key] = None
        while len(self._suspects) > _MAX_SUSPECTS:
            self._suspects.popitem(last=False)

    def _why_load_ended(self, zygote: ZygoteHandle, how: Exit) -> str:
        path = zygote.key.path if zygote.key else ""
        limit_s = self._import_timeout_s
        if limit_s and self._clock.monotonic() - zygote.created_at > limit_s:
            return (
                f"Loading the DAG file {path} took longer than {limit_s:g} s "
                "([core] dagbag_import_timeout) and was ended."
            )
        return f"The process {how} while it loaded the DAG file {path}."

    # Idle times

    def _trim_spares(self, zygote: ZygoteHandle) -> None:
        """Keep the host's spares within bounds, at the cost of the zygote that just grew."""
        n_spares = sum(len(z.spares) for z in (self._base, *self._by_path.values()))
        if n_spares > MAX_SPARES_IN_ALL and zygote.spares:
            zygote.drop_spares(keep=len(zygote.spares) - 1)

    def _sweep_leaving(self) -> None:
        for zygote in [z for z in self._leaving if z.is_done]:
            self._leaving.remove(zygote)
            self._hang_up(zygote)

    def _start_ticking(self) -> None:
        if not self._is_ticking:
            self._is_ticking = True
            self._timers.after(_TICK_S, self._on_tick)

    def _on_tick(self) -> None:
        """Let go of spares and zygotes that nobody has used for a while."""
        now = self._clock.monotonic()
        for zygote in [self._base, *self._by_path.values()]:
            idle_s = now - zygote.used_at
            if idle_s > SPARES_IDLE_S and zygote.spares:
                zygote.drop_spares()
            is_done_with = idle_s > ZYGOTE_IDLE_S or zygote.is_too_old(now)
            if is_done_with and zygote.is_idle and zygote is not self._base:
                self.retire(zygote)
        self._sweep_leaving()
        self._is_ticking = bool(self._by_path or self._leaving or self._base.spares)
        if self._is_ticking:
            self._timers.after(_TICK_S, self._on_tick)
