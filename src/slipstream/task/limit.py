"""A time limit on a block of code, by SIGALRM."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from slipstream.sdk.exceptions import AirflowTaskTimeout


@contextmanager
def time_limit(seconds: float, message: str) -> Iterator[None]:
    """Raise AirflowTaskTimeout(message) in the block after so many seconds (0: never).

    For the main thread only; a call that never returns to Python outlives it, which is why the
    host has a limit of its own.
    """
    if seconds <= 0:
        yield
        return

    def on_alarm(number: int, frame: FrameType | None) -> None:
        raise AirflowTaskTimeout(message)

    previous = signal.signal(signal.SIGALRM, on_alarm)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
