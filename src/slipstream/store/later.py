"""Results of a transaction that are known only when it is over.

Where statements wait to be sent together, reading one's result within the transaction costs a
round trip of its own. ``Store.write`` reads a ``Later`` after the commit instead.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

T_co = TypeVar("T_co", covariant=True)


class Later(Generic[T_co]):
    """What a transaction's function returns in place of a result that it need not know itself."""

    def __init__(self, read: Callable[[], T_co]) -> None:
        """``read`` may use the transaction's connection, and is called while it is open."""
        self.read = read
