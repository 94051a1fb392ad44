"""Setting signals' handlers and masks, without what the standard library's ``signal`` adds.

That one turns numbers into enum members, by way of an exception for each handler that is a
function; the five handlers of a small task cost it a twentieth of its time.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
from collections.abc import Callable, Iterable
from types import FrameType
from typing import Any

Handler = Callable[[int, FrameType | None], Any] | int

SIG_DFL: int = _signal.SIG_DFL
"""The C module knows its own object only; ``signal.SIG_DFL`` is another."""

set_signal: Callable[[int, Handler], Any] = _signal.signal
"""Set the handler of a signal; main thread only."""

SIG_BLOCK: int = _signal.SIG_BLOCK
SIG_SETMASK: int = _signal.SIG_SETMASK

set_mask: Callable[[int, Iterable[int]], set[int]] = _signal.pthread_sigmask
"""Change which signals this thread puts off; returns those that it did before."""
