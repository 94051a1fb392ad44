"""How a scheduler's process is told to stop, and notices at once."""

from __future__ import annotations

import contextlib
import selectors
import signal
import socket
import threading
from collections.abc import Iterator
from typing import Protocol


class Stop(Protocol):
    """What ends ``run``: a ``threading.Event``, or anything that has its ``is_set``."""

    def is_set(self) -> bool: ...


@contextlib.contextmanager
def woken_by_signals(selector: selectors.BaseSelector) -> Iterator[None]:
    """Let a signal end the wait, so that who is told to stop does so at once.

    A signal's handler alone does not: the wait goes on after it. In the main thread only.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.setblocking(False)
        selector.register(ours, selectors.EVENT_READ)
        before = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(before)
            selector.unregister(ours)
