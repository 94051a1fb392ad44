"""What an endpoint gets: who calls, and the parts of the server that it needs.

An endpoint names the least role that may use it by its parameter's type (``Viewer``, ``Editor``,
``Operator``, ``Admin``), so that no endpoint can have the one without the other.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Depends, Request

from slipstream.api.auth import Role, Tokens, User, Users
from slipstream.api.error import forbidden, unauthenticated
from slipstream.api.file_token import FileTokens
from slipstream.api.remote_log import RemoteLogs
from slipstream.api.stream import Stream
from slipstream.api.structure import Structures
from slipstream.api.version_facts import VersionFacts
from slipstream.clock import Clock
from slipstream.store import Store

USER_KEY = "slipstream.user"
"""Where the gate leaves the caller in the ASGI scope."""


@dataclass(frozen=True, slots=True)
class Server:
    """The parts that live as long as the process."""

    store: Store
    clock: Clock
    tokens: Tokens
    users: Users
    file_tokens: FileTokens
    stream: Stream
    prefix: str = ""
    """Path part of ``[api] base_url``, without a slash at its end."""
    versions: VersionFacts = field(default_factory=VersionFacts)
    structures: Structures = field(default_factory=Structures)
    remote_logs: RemoteLogs | None = None
    """The remote log folder, if logs go to one."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request's caller, who has the role that the endpoint asks for."""

    user: User
    server: Server

    @property
    def store(self) -> Store:
        return self.server.store

    @property
    def clock(self) -> Clock:
        return self.server.clock


def _at_least(role: Role) -> Callable[[Request], Awaitable[Call]]:
    async def allowed(request: Request) -> Call:
        user: Any = request.scope.get(USER_KEY)
        if user is None:
            raise unauthenticated()
        if user.role < role:
            raise forbidden()
        return Call(user, request.app.state.server)

    allowed.role = role  # type: ignore[attr-defined]  # for the test that walks all routes
    return allowed


Viewer = Annotated[Call, Depends(_at_least(Role.VIEWER))]
Editor = Annotated[Call, Depends(_at_least(Role.USER))]
Operator = Annotated[Call, Depends(_at_least(Role.OP))]
Admin = Annotated[Call, Depends(_at_least(Role.ADMIN))]
