"""The gate: nothing below ``/api/v2`` is reached without a valid token, known path or not.

Plain ASGI, in front of routing, so that a stranger's body is never read or parsed. Which role an
endpoint needs is the endpoint's (``call``); who the caller is, is decided here alone.
"""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie

from fastapi.exceptions import HTTPException
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from slipstream.api.auth import InvalidToken, User
from slipstream.api.auth.user import ANONYMOUS, all_admins
from slipstream.api.call import USER_KEY, Server
from slipstream.api.error import invalid_token, unauthenticated
from slipstream.api.reply import Json

PUBLIC = frozenset(
    {
        "/api/v2/version",
        "/api/v2/monitor/health",
        "/api/v2/auth/login",
        "/api/v2/auth/logout",
    }
)
"""The only paths below ``/api/v2`` that need no token."""
COOKIE = "_token"

_V1_GONE = "There is no /api/v1, as in Airflow 3: call the same resource below /api/v2."


class Gate:
    """ASGI middleware that strips the base path, and lets in who shows a token."""

    def __init__(self, app: ASGIApp, server: Server) -> None:
        self._app = app
        self._server = server
        self._all_admins = all_admins()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope = self._without_prefix(scope)
        path: str = scope["path"]
        if path == "/api/v1" or path.startswith("/api/v1/"):
            await Json({"error": _V1_GONE}, 404)(scope, receive, send)
            return
        if (path == "/api/v2" or path.startswith("/api/v2/")) and path not in PUBLIC:
            try:
                scope[USER_KEY] = self._caller(Headers(scope=scope))
            except HTTPException as e:
                await Json({"detail": e.detail}, e.status_code, e.headers)(scope, receive, send)
                return
        if "\x00" in path or b"%00" in scope.get("query_string", b""):
            # No name holds it, and not every database takes it even in a comparison.
            await Json({"detail": "NUL characters are not allowed"}, 400)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _without_prefix(self, scope: Scope) -> Scope:
        prefix, path = self._server.prefix, scope["path"]
        if prefix and (path == prefix or path.startswith(prefix + "/")):
            return {**scope, "path": path[len(prefix) :] or "/"}
        return dict(scope)

    def _caller(self, headers: Headers) -> User:
        token = token_of(headers)
        if token is None:
            if self._all_admins:
                return ANONYMOUS
            raise unauthenticated()
        try:
            return self._server.tokens.check(token, self._server.clock.now())
        except InvalidToken:
            raise invalid_token() from None


def token_of(headers: Headers) -> str | None:
    """Return the token that a request shows, if any."""
    return _bearer(headers.get("authorization")) or _cookie(headers.get("cookie"))


def _bearer(header: str | None) -> str | None:
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def _cookie(header: str | None) -> str | None:
    if header is None or COOKIE not in header:
        return None
    try:
        morsel = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return None
    return morsel.value if morsel is not None and morsel.value else None
