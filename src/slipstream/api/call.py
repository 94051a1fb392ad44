"""What an endpoint gets: who calls, and the parts of the server that it needs.

Which permission an endpoint asks for is in the table of ``permission``. The names of the types
(``Viewer``, ``Editor``, ``Operator``, ``Admin``) tell people who usually may; they check the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from slipstream.api.auth import Sessions, Tokens, User
from slipstream.api.auth.throttle import Throttle
from slipstream.api.auth.words import CREATE, DAGS, DELETE, EDIT, READ
from slipstream.api.error import forbidden, unauthenticated
from slipstream.api.file_token import FileTokens
from slipstream.api.permission import in_words, is_allowed, needs_of
from slipstream.api.remote_log import RemoteLogs
from slipstream.api.stream import Stream
from slipstream.api.structure import Structures
from slipstream.api.version_facts import VersionFacts
from slipstream.clock import Clock
from slipstream.store import Store
from slipstream.store.listing import Filter, OneOf

USER_KEY = "slipstream.user"
"""Where the gate leaves the caller in the ASGI scope."""
_OF_ACTION = {"create": CREATE, "update": EDIT, "delete": DELETE}


@dataclass(frozen=True, slots=True)
class Server:
    """The parts that live as long as the process."""

    store: Store
    clock: Clock
    tokens: Tokens
    sessions: Sessions
    throttle: Throttle
    file_tokens: FileTokens
    stream: Stream
    prefix: str = ""
    """Path part of ``[api] base_url``, without a slash at its end."""
    is_https: bool = False
    """Browsers reach it by TLS, whatever a proxy makes of it."""
    versions: VersionFacts = field(default_factory=VersionFacts)
    structures: Structures = field(default_factory=Structures)
    remote_logs: RemoteLogs | None = None
    """The remote log folder, if logs go to one."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request's caller, who has the permission that the endpoint asks for."""

    user: User
    server: Server

    @property
    def store(self) -> Store:
        return self.server.store

    @property
    def clock(self) -> Clock:
        return self.server.clock

    def readable_dags(self) -> frozenset[str] | None:
        """Return the DAGs that lists may show; None for all."""
        return self.user.dags(READ)

    async def renewed(self) -> Call | None:
        """Return the call with what its caller may do now; None if the login has ended since."""
        id = self.user.session_id
        if id is None:
            return self
        user, is_known = self.server.sessions.known(id)
        if not is_known:
            user = await run_in_threadpool(self.server.sessions.look_up, id)
        return None if user is None else replace(self, user=user)

    def dag_filters(self, field: str = "dag_id") -> list[Filter]:
        """Return the filter that keeps a list to readable DAGs: none when all are."""
        ids = self.readable_dags()
        return [] if ids is None else [OneOf(field, tuple(sorted(ids)))]

    def need_dag(self, action: str, dag_id: str, *parts: str) -> None:
        """Raise the 403 unless the action is permitted on the DAG, or on parts of it."""
        user = self.user
        if not (user.may_part(action, dag_id, parts) if parts else user.may_dag(action, dag_id)):
            raise forbidden()

    def need_bulk(self, resource: str, actions: Iterable[Any]) -> None:
        """Raise the 403 unless each of the actions of a body is permitted on a resource."""
        for each in actions:
            wanted = {_OF_ACTION[each.action]}
            if getattr(each, "action_on_existence", None) == "overwrite":
                wanted.add(EDIT)
            if not all(self.user.may(action, resource) for action in wanted):
                raise forbidden()

    def sees_all_dags(self) -> bool:
        """Say whether every DAG is readable, those included that are not known yet."""
        return self.user.may(READ, DAGS)


async def permitted(request: Request) -> Call:
    """Return the call if the caller has what the table asks for; raise the 401 or 403 if not."""
    user: User | None = request.scope.get(USER_KEY)
    if user is None:
        raise unauthenticated()
    needs = needs_of(request.scope["route"].path, request.method)
    if needs is None or not is_allowed(user, needs, request.path_params):
        raise forbidden(None if needs is None else in_words(needs))
    return Call(user, request.app.state.server)


async def server_of(request: Request) -> Server:
    server: Server = request.app.state.server
    return server


Viewer = Annotated[Call, Depends(permitted)]
Editor = Annotated[Call, Depends(permitted)]
Operator = Annotated[Call, Depends(permitted)]
Admin = Annotated[Call, Depends(permitted)]
Caller = Annotated[Call, Depends(permitted)]
TheServer = Annotated[Server, Depends(server_of)]
"""For what is open to everybody."""
