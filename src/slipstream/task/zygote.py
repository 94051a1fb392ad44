"""Zygotes: the processes that task processes are forked from.

``python -m slipstream.task.zygote CONTROL_FD PARENT_PID`` is the **base zygote** of a worker
host. It imports what every task needs, freezes the garbage collector's view of it (so that a
child's collections do not copy shared pages), and then does as the host says. A **DAG zygote** is
a fork of it that has executed one DAG file. Attempts are forks of a DAG zygote, or of the base
zygote when the file cannot be shared.

A zygote has one thread and runs no user code but the top of the DAG file. It decides nothing:
how many processes there are, and for what, is the host's business (``slipstream.worker``).
"""

from __future__ import annotations

import _socket  # its sockets lack what the standard library adds, which a fork pays for
import errno
import faulthandler
import gc
import os
import select
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

from slipstream.config import conf, log_levels
from slipstream.sdk import bundle
from slipstream.sdk.mask import mask_text
from slipstream.task import child, exit_handler, heap, loading, output, process
from slipstream.task.client import LoadClient
from slipstream.task.fast_signal import SIG_DFL, set_signal
from slipstream.task.protocol import Message, PeerGone, receive_control, send_control
from slipstream.task.rehearsal import rehearse, rehearse_for

Role = Callable[[], "Role | None"]
"""What a process does next; a fork leaves its zygote's loop with another role than its parent."""

_RESET_SIGNALS = (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT)


class Zygote:
    """One zygote's loop: fork when told, report what was forked and how each child ended."""

    def __init__(self, control: socket.socket, loaded: loading.LoadedFile | None = None) -> None:
        self._control = control
        self._loaded = loaded
        self._children: dict[int, str] = {}
        # A self-pipe wakes the poll below when a child ends: SIGCHLD alone would be a race.
        self._wake_r, self._wake_w = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.signal(signal.SIGCHLD, _ignore)
        signal.set_wakeup_fd(self._wake_w, warn_on_full_buffer=False)

    def serve(self) -> Role | None:
        """Serve until the host hangs up (None), or return the role of a process just forked."""
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        poll.register(self._wake_r, select.POLLIN)
        while True:
            for fd, _ in poll.poll():
                if fd == self._wake_r:
                    self._reap()
                    continue
                try:
                    message, passed = receive_control(self._control)
                except PeerGone:
                    return None
                if role := self._on(message, passed):
                    return role

    def _on(self, message: Message, fd: int | None) -> Role | None:
        match message["m"]:
            case "fork":
                for _ in range(message["n"]):
                    self._fork_attempt()
            case "load" if fd is not None:
                return self._fork_dag_zygote(message, fd)
            case unknown:
                raise ValueError(f"unknown control message {unknown!r}")
        return None

    def _fork_attempt(self) -> None:
        """Fork a task process; in it, this never returns.

        Leaving the zygote's frames first would only free, and so copy, what is shared.
        """
        ours, theirs = _socket.socketpair()
        parent = os.getpid()
        try:
            pid = os.fork()
        except OSError as exc:
            ours.close()
            theirs.close()
            self._report_failed_fork("attempt", exc)
            return
        if pid:
            theirs.close()
            self._children[pid] = "attempt"
            send_control(self._control, {"m": "forked", "pid": pid}, ours.fileno())
            ours.close()
            return
        process.die_with_parent(parent)
        ours.close()
        self._leave()
        child.main(theirs, self._loaded)

    def _fork_dag_zygote(self, message: Message, fd: int) -> Role | None:
        parent = os.getpid()
        try:
            pid = os.fork()
        except OSError as exc:
            os.close(fd)
            self._report_failed_fork(message["key"], exc)
            return None
        if pid:
            os.close(fd)
            self._children[pid] = message["key"]
            send_control(self._control, {"m": "loading", "key": message["key"], "pid": pid})
            return None
        process.die_with_parent(parent)
        self._leave()
        control = socket.socket(fileno=fd)
        return lambda: _become_dag_zygote(control, Path(message["path"]), message["timeout_s"])

    def _leave(self) -> None:
        """Drop, in a fresh fork, all that belongs to the zygote it came from."""
        signal.set_wakeup_fd(-1)
        for number in _RESET_SIGNALS:
            set_signal(number, SIG_DFL)
        os.close(self._wake_r)
        os.close(self._wake_w)
        self._control.close()

    def _report_failed_fork(self, what: str, exc: OSError) -> None:
        if exc.errno not in (errno.EAGAIN, errno.ENOMEM):
            raise exc
        send_control(self._control, {"m": "failed", "what": what, "reason": str(exc)})

    def _reap(self) -> None:
        try:
            os.read(self._wake_r, 4096)
        except BlockingIOError:
            return
        while self._children:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if self._children.pop(pid, None) is None:
                continue  # a process that the DAG file started while it loaded
            ended: Message = {"m": "exited", "pid": pid, "max_rss_kb": usage.ru_maxrss}
            if os.WIFSIGNALED(status):
                ended["signal"] = os.WTERMSIG(status)
            else:
                ended["code"] = os.WEXITSTATUS(status)
            send_control(self._control, ended)


def _ignore(number: int, frame: object) -> None:
    """Handle SIGCHLD by nothing: only a handled signal writes to the wake-up pipe."""


def _become_dag_zygote(control: socket.socket, path: Path, timeout_s: float) -> Role | None:
    process.set_name(f"dag:{path.stem}")
    loaded = loading.load(path, timeout_s, LoadClient(control))
    report = loaded.report()
    if loaded.unshareable is None:
        rehearse_for(loaded.dags)
    gc.collect()
    heap.close_gaps()
    gc.freeze()
    zygote = Zygote(control, loaded)
    send_control(control, report)
    return zygote.serve()


def main() -> None:
    """Run as the base zygote until the host hangs up; does not return."""
    control_fd, parent = map(int, sys.argv[1:])
    process.die_with_parent(parent)
    process.set_name("zygote")
    bundle.extend_sys_path()
    output.install(mask_text, conf.get("logging", "logging_level", fallback="INFO").upper())
    log_levels.apply()
    rehearse()
    exit_handler.forget_inherited()
    control = socket.socket(fileno=control_fd)
    control.set_inheritable(False)
    # Keyboard interrupts go to the whole foreground group; the host decides what they mean here.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # By number: each attempt makes fd 2 its log file, and its crash is written there.
    faulthandler.enable(2)
    gc.collect()
    gc.freeze()
    gc.disable()
    zygote = Zygote(control)
    send_control(control, {"m": "ready", "pid": os.getpid()})
    role: Role | None = zygote.serve
    try:
        while role is not None:
            role = role()
    except (PeerGone, BrokenPipeError):
        os._exit(0)  # the host has gone: there is nothing left to serve
    os._exit(0)


if __name__ == "__main__":
    main()
