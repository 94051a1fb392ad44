"""Logging in and out: the limit to tries, the audit log, the cookie."""

from __future__ import annotations

import math

from fastapi import Request
from fastapi.exceptions import HTTPException
from starlette.responses import Response

from slipstream.api import body
from slipstream.api.auth import InvalidToken
from slipstream.api.auth.session import Begun, lifetime_s
from slipstream.api.call import Server
from slipstream.api.error import bad_request
from slipstream.api.gate import COOKIE, cookie_of
from slipstream.store import Connection, audit, login, user


def log_in(server: Server, request: Request, given: body.Login, kind: str) -> Begun:
    """Begin a login of this kind (browser, token, cli).

    Raises the 400, 401 or, after too many tries, 429 that fits; takes as long for unknown names.
    """
    if not given.username or not given.password:
        raise bad_request("The body lacks a username or a password.")
    address = address_of(request)
    check_tries(server, given.username, address)
    user_id = server.sessions.authenticate(given.username, given.password)
    if user_id is None:
        server.store.write(_record_failure, server, given.username, address)
        raise HTTPException(401, "Invalid credentials")
    server.throttle.succeeded(given.username, address)
    id = user_id

    def begin(conn: Connection) -> Begun:
        begun = server.sessions.begin(
            conn,
            id,
            kind=kind,
            lifetime_s=lifetime_s(kind),
            address=address,
            agent=request.headers.get("user-agent"),
        )
        extra = {"address": address, "kind": kind}
        audit.add(conn, event="login", now=server.clock.now(), owner=begun.user.name, extra=extra)
        return begun

    return server.store.write(begin)


def check_tries(server: Server, name: str, address: str) -> None:
    """Count a try of a password; raise the 429 when there were too many."""
    wait_s = server.throttle.begin(name, address, server.clock.now())
    if wait_s > 0:
        seconds = math.ceil(wait_s)
        raise HTTPException(
            429,
            f"Too many logins have failed: try again in {seconds} s.",
            {"Retry-After": str(seconds)},
        )


def log_out(server: Server, request: Request) -> None:
    """End the login of a request's token or cookie, if it has one."""
    header = request.headers.get("authorization", "")
    scheme, _, bearer = header.partition(" ")
    token = bearer.strip() if scheme.lower() == "bearer" else cookie_of(request.headers)
    if not token:
        return
    try:
        session_id = server.sessions.checked(token)
    except InvalidToken:
        return
    server.store.write(_end, server, session_id, address_of(request))
    server.sessions.forget()


def set_cookie(server: Server, request: Request, reply: Response, begun: Begun) -> None:
    """Give a browser its token, in a cookie that no script can read."""
    reply.set_cookie(
        COOKIE,
        begun.token,
        max_age=begun.lifetime_s,
        httponly=True,
        samesite="lax",
        secure=server.is_https or request.url.scheme == "https",
        path=server.prefix or "/",
    )


def drop_cookie(server: Server, request: Request, reply: Response) -> None:
    """Have a browser forget its token."""
    reply.delete_cookie(
        COOKIE,
        path=server.prefix or "/",
        httponly=True,
        samesite="lax",
        secure=server.is_https or request.url.scheme == "https",
    )


def address_of(request: Request) -> str:
    """Return the address that a request came from; a proxy's word counts if proxies are trusted."""
    return request.client.host if request.client else ""


def _record_failure(conn: Connection, server: Server, username: str, address: str) -> None:
    # Of a name that nobody has, nothing is kept: people type passwords into the wrong field.
    owner = username if user.get(conn, username) is not None else None
    extra = {"address": address}
    audit.add(conn, event="failed_login", now=server.clock.now(), owner=owner, extra=extra)


def _end(conn: Connection, server: Server, session_id: str, address: str) -> None:
    row = login.get(conn, session_id)
    if row is None:
        return
    login.end(conn, session_id)
    found = user.get_by_id(conn, row.user_id)
    audit.add(
        conn,
        event="logout",
        now=server.clock.now(),
        owner=found.username if found else None,
        extra={"address": address, "kind": row.kind},
    )
