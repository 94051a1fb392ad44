"""Which DAGs a caller may read: the one place where the endpoints of our own ask for it."""

from __future__ import annotations

from slipstream.api.call import Call


def readable_dags(call: Call) -> frozenset[str] | None:
    """Return the ids of the DAGs that the caller may read; None: all."""
    return None
