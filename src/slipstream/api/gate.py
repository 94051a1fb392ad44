"""The gate: who calls. Nothing that is guarded is reached without a login, known path or not.

Plain ASGI, in front of routing, so that a stranger's body is never read or parsed. Which permission
an endpoint asks for is ``permission``'s; who the caller is, is decided here alone. So is whether a
request that a browser sends was made by one of our own pages (``origin``).
"""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie

from fastapi.exceptions import HTTPException
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from slipstream.api.auth import InvalidToken, User
from slipstream.api.call import USER_KEY, Server
from slipstream.api.error import forbidden_because, invalid_token, unauthenticated
from slipstream.api.origin import Origins
from slipstream.api.permission import GUARDED, OPEN_PATHS
from slipstream.api.reply import Json
from slipstream.errors import StoreUnavailable

PUBLIC = OPEN_PATHS
COOKIE = "_token"
_V1_GONE = "There is no /api/v1, as in Airflow 3: call the same resource below /api/v2."
_FORGED = (
    "A page of another site sent this request. Programs send their token in the Authorization "
    "header instead of a cookie."
)
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Gate:
    """ASGI middleware that strips the base path, and lets in who shows a token."""

    def __init__(self, app: ASGIApp, server: Server, origins: Origins) -> None:
        self._app = app
        self._server = server
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope = self._without_prefix(scope)
        path: str = scope["path"]
        if path == "/api/v1" or path.startswith("/api/v1/"):
            await Json({"error": _V1_GONE}, 404)(scope, receive, send)
            return
        headers = Headers(scope=scope)
        try:
            if is_guarded(path):
                scope[USER_KEY] = await self._caller(scope, headers)
            elif path.startswith("/auth/"):
                # To log somebody in or out from afar is a forgery, too.
                self._check_origin(scope, headers, must_say=False)
        except HTTPException as e:
            await Json({"detail": e.detail}, e.status_code, e.headers)(scope, receive, send)
            return
        except StoreUnavailable as e:
            await Json({"detail": str(e)}, 503, {"Retry-After": "2"})(scope, receive, send)
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

    async def _caller(self, scope: Scope, headers: Headers) -> User:
        sessions = self._server.sessions
        bearer = _bearer(headers.get("authorization"))
        cookie = None if bearer else cookie_of(headers)
        token = bearer or cookie
        if token is None:
            session_id = sessions.anonymous_id()
            if session_id is None:
                raise unauthenticated()
        else:
            try:
                session_id = sessions.checked(token)
            except InvalidToken:
                raise invalid_token() from None
        # Where everybody is let in, there is no cookie that a forger would need: the same check.
        if not bearer:
            self._check_origin(scope, headers, must_say=cookie is not None)
        user, is_known = sessions.known(session_id)
        if not is_known:
            user = await run_in_threadpool(sessions.look_up, session_id)
        if user is None:
            raise invalid_token()
        return user

    def _check_origin(self, scope: Scope, headers: Headers, *, must_say: bool) -> None:
        if scope["method"] not in _SAFE and not self._origins.fits(
            scope, headers, must_say=must_say
        ):
            raise forbidden_because(_FORGED)


def is_guarded(path: str) -> bool:
    """Say whether a path, without the prefix, is reached with a login only."""
    if path in OPEN_PATHS:
        return False
    return any(path == guarded or path.startswith(guarded + "/") for guarded in GUARDED)


def token_of(headers: Headers) -> str | None:
    """Return the token that a request shows, if any."""
    return _bearer(headers.get("authorization")) or cookie_of(headers)


def _bearer(header: str | None) -> str | None:
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def cookie_of(headers: Headers) -> str | None:
    """Return the token that a browser sends; None if there is none."""
    header = headers.get("cookie")
    if header is None or COOKIE not in header:
        return None
    try:
        morsel = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return None
    return morsel.value if morsel is not None and morsel.value else None
