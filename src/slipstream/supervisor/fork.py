"""Forking a part: a child of the supervisor that keeps its imports and nothing else of it.

The supervisor has one thread and neither a database connection nor an event loop, which is what
makes this safe. The child never returns into the supervisor's code: that would close, by number,
descriptors that by then are others.
"""

from __future__ import annotations

import io
import os
import signal
import sys
import traceback
from collections.abc import Callable, Collection, Sequence
from typing import NoReturn

from slipstream.task.process import die_with_parent

Body = Callable[[], int]
"""What a part does; returns the process's exit code."""


def fork(body: Body, *, output: int, fds: Sequence[int], is_part: bool = True) -> int:
    """Run ``body`` in a child that prints to ``output``; return the child's pid.

    The child is in a process group of its own (Ctrl-C is for the supervisor), gets SIGTERM when
    the supervisor ends, reads nothing on its standard input, and of the supervisor's descriptors
    keeps ``fds`` only. What is not a part is in a session of its own, and its end is another's
    business.
    """
    for stream in (sys.stdout, sys.stderr):
        stream.flush()  # the child has a copy of what is left in the buffer, and would print it too
    parent = os.getpid()
    # A signal that comes before the child has dropped our handlers would wake us, and not end it.
    old = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        pid = os.fork()
        if pid == 0:
            _become(body, parent if is_part else None, output, fds, old)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, old)
    return pid


def _become(
    body: Body, parent: int | None, output: int, fds: Sequence[int], mask: Collection[int]
) -> NoReturn:
    code = 1
    try:
        if parent is None:
            os.setsid()
        else:
            die_with_parent(parent, signal.SIGTERM)
            os.setpgid(0, 0)
        # A Ctrl-C from before we left the terminal's group is for the supervisor, which ends us.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        _reset_signals()
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        _redirect(output)
        _close_all_but({0, 1, 2, *fds})
        code = body()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        # Python's own last resort is at the bottom of a stack that this process must not unwind.
        traceback.print_exc()
    finally:
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(code)


def _reset_signals() -> None:
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals():
        if callable(signal.getsignal(number)):
            signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _redirect(output: int) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(source, target)  # which makes it inheritable
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=True)


def _close_all_but(kept: set[int]) -> None:
    for name in os.listdir("/proc/self/fd"):
        if int(name) not in kept:
            try:
                os.close(int(name))
            except OSError:
                continue  # the one that listed the folder
