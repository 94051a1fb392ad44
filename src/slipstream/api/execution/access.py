"""Who calls, and in which version of the protocol.

An endpoint names the tokens that it takes by its parameter's type, so that none can do without.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Header, HTTPException, Request

from slipstream.api.execution.open_log import OpenLogs
from slipstream.api.execution.wake import Waker
from slipstream.clock import Clock
from slipstream.store import Store
from slipstream.token import (
    FINISH_GRACE_S,
    ExecutionTokens,
    ExpiredToken,
    Grant,
    InvalidToken,
    Scope,
    run_lifetime_s,
)
from slipstream.worker.remote_log.launcher import Uploads
from slipstream.worker.task_api import VERSION, VERSION_HEADER


@dataclass(frozen=True, slots=True)
class Parts:
    """What the endpoints work with; as long-lived as the process."""

    store: Store
    clock: Clock
    tokens: ExecutionTokens
    waker: Waker
    uploads: Uploads | None = None
    """Takes whole logs to a remote log folder, where there is one."""
    open_logs: OpenLogs | None = None
    """Those that are not whole yet."""
    run_token_s: float = field(default_factory=run_lifetime_s)
    """How long a run token is valid."""


def _parts(request: Request) -> Parts:
    found: Parts = request.app.state.parts
    return found


async def parts_of(request: Request) -> Parts:
    """Return the parts of the application that answers this request.

    A coroutine like all that is asked before an endpoint: FastAPI runs others in threads.
    """
    return _parts(request)


async def check_version(
    version: Annotated[
        str | None,
        Header(alias=VERSION_HEADER, description=f"The caller's protocol version: {VERSION}."),
    ] = None,
) -> None:
    """Answer a worker of another version in words that it can pass on."""
    if version is None:
        raise HTTPException(400, f"The request lacks the header {VERSION_HEADER}.")
    if version != str(VERSION):
        raise other_version(version)


def other_version(theirs: str) -> HTTPException:
    return HTTPException(
        426,
        f"This API server speaks version {VERSION} of the execution API, the worker version "
        f"{theirs[:20]!r}: install the same release of Slipstream on both.",
    )


def _unauthorized(detail: str) -> HTTPException:
    return HTTPException(401, detail, {"WWW-Authenticate": "Bearer"})


def _granted(*scopes: Scope, grace_s: float = 0.0) -> Callable[[Request], Awaitable[Grant]]:
    async def granted(request: Request) -> Grant:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise _unauthorized("A token is missing: the header Authorization: Bearer … brings it.")
        parts = _parts(request)
        try:
            return parts.tokens.check(token.strip(), parts.clock.now(), *scopes, grace_s=grace_s)
        except ExpiredToken:
            raise _unauthorized(
                "The token has expired. Tokens are renewed with each heartbeat; one that was not "
                "belongs to an attempt that nobody waits for."
            ) from None
        except InvalidToken as error:
            raise _unauthorized(
                f"The token is not accepted: {error}. Scheduler and API server must have the same "
                "[api_auth] jwt_secret and [execution_api] jwt_audience."
            ) from None

    return granted


Server = Annotated[Parts, Depends(parts_of)]
ForHost = Annotated[Grant, Depends(_granted(Scope.HOST))]
"""A host's own token."""
ForAttempt = Annotated[Grant, Depends(_granted(Scope.START, Scope.RUN, Scope.CALLBACK))]
"""The token of an attempt or a callback."""
Voucher = Annotated[
    Grant, Depends(_granted(Scope.START, Scope.RUN, Scope.CALLBACK, grace_s=FINISH_GRACE_S))
]
"""The same, even if it is old: whoever was given work once may give its name."""
ForStart = Annotated[Grant, Depends(_granted(Scope.START, Scope.CALLBACK, grace_s=FINISH_GRACE_S))]
"""The token in a workload, even if it is old."""
