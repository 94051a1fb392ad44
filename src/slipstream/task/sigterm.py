"""SIGTERM for the process of a task, and for no process that the task forks.

Who is told to end a forked child, such as a worker of ``multiprocessing.Pool``, expects SIGTERM to
end it. A child gets the default action back before it can be told, so SIGTERM is held from before
the fork: Python drops what its handlers note between a fork and the child's first line, and a call
that is just about to wait would not be woken by them either.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterable
from types import FrameType

from slipstream.task.fast_signal import SIG_DFL, Handler, set_signal

_ours: Handler | None = None
_is_registered = False


class _Mask(threading.local):
    before: Iterable[int] = ()


_mask = _Mask()


def on_sigterm(handler: Callable[[int, FrameType | None], None]) -> None:
    """Call the handler at the first SIGTERM, in this process and not in those it forks."""
    global _ours, _is_registered

    def on_signal(number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_IGN)
        handler(number, frame)

    set_signal(signal.SIGTERM, on_signal)
    _ours = on_signal
    if not _is_registered:
        os.register_at_fork(before=_hold, after_in_parent=_release, after_in_child=_forget)
        _is_registered = True


def _hold() -> None:
    _mask.before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM,))


def _release() -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, _mask.before)


def _forget() -> None:
    """Leave a handler alone that the task has set itself: its children may want it."""
    if signal.getsignal(signal.SIGTERM) is _ours:
        set_signal(signal.SIGTERM, SIG_DFL)
    _release()
