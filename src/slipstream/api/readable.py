"""Which DAGs a caller may read, and whether it still may: where the endpoints of our own ask."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import Scope

from slipstream.api.auth import InvalidToken
from slipstream.api.call import Call
from slipstream.api.gate import token_of


def readable_dags(call: Call) -> frozenset[str] | None:
    """Return the ids of the DAGs that the caller may read; None: all."""
    return None


def still_allowed(call: Call, scope: Scope) -> bool:
    """Say whether who opened a stream may still call: its session may have ended since."""
    token = token_of(Headers(scope=scope))
    if token is None:
        return True  # let in without one
    try:
        call.server.tokens.check(token, call.clock.now())
    except InvalidToken:
        return False
    return True
