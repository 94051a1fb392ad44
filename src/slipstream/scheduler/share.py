"""A part's share of a turn: what may be long is done bit by bit, and no turn is long.

However much is due at once, each turn does at least one thing of a kind and then as many as its
share of time allows; the rest is for the next turn, which follows at once.
"""

from __future__ import annotations

import time


class Share:
    """Time that one part of a turn may take."""

    def __init__(self, seconds: float) -> None:
        self._ends_at = time.monotonic() + seconds

    @property
    def is_over(self) -> bool:
        """Whether the part must leave the rest to the next turn."""
        return time.monotonic() >= self._ends_at
