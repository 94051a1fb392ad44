"""``/auth``: log in and out with a browser, change one's password, see and end one's logins."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Request
from fastapi.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from slipstream.api import audit, body, entry
from slipstream.api.auth import password
from slipstream.api.call import Call, Caller, TheServer
from slipstream.api.error import bad_request, forbidden_because, not_found
from slipstream.api.replies import replies
from slipstream.api.reply import Json, no_content
from slipstream.store import Connection, login, user

router = APIRouter(prefix="/auth", tags=["Login"])
open_router = APIRouter(tags=["Login"])

_NOBODY = "You have no user of your own here: nobody needs to log in."


@open_router.post(
    "/auth/login", status_code=204, responses=replies(None, 400, 401, 403, 429, status=204)
)
def log_in(request: Request, given: Annotated[body.Login, Body()], server: TheServer) -> Response:
    """Log a browser in: the answer sets a cookie."""
    begun = entry.log_in(server, request, given, "browser")
    reply = no_content()
    entry.set_cookie(server, request, reply, begun)
    return reply


@open_router.post("/auth/logout", status_code=204, responses=replies(None, 403, status=204))
def log_out(request: Request, server: TheServer) -> Response:
    """End the login of the cookie, or of the token."""
    entry.log_out(server, request)
    reply = no_content()
    entry.drop_cookie(server, request, reply)
    return reply


@open_router.get(
    "/auth/logout",
    status_code=307,
    response_class=RedirectResponse,
    responses=replies(None, status=307),
)
def log_out_and_redirect(request: Request, server: TheServer) -> Response:
    """End the login of the cookie and go to the login page."""
    return _redirected(request, server)


@open_router.get("/api/v2/auth/logout", include_in_schema=False)
def api_log_out(request: Request, server: TheServer) -> Response:
    """End the login of the cookie and go to the login page."""
    return _redirected(request, server)


def _redirected(request: Request, server: TheServer) -> Response:
    """End the login of the cookie, unless another site has sent the browser here; redirect."""
    if request.headers.get("sec-fetch-site") in (None, "none", "same-origin"):
        entry.log_out(server, request)
    reply = RedirectResponse(f"{server.prefix}/login", 307)
    entry.drop_cookie(server, request, reply)
    return reply


@router.put("/password", status_code=204, responses=replies(None, 400, 429, status=204))
def change_password(request: Request, call: Caller, given: body.NewPassword) -> Response:
    """Change one's own password; all of one's other logins end."""
    id = _own_id(call)
    name, address = call.user.name, entry.address_of(request)
    entry.check_tries(call.server, name, address)
    if call.server.sessions.authenticate(name, given.current) != id:
        raise HTTPException(400, "The current password is not right.")
    call.server.throttle.succeeded(name, address)
    if given.new == given.current:
        raise bad_request("The new password is the old one.")
    new = password.hashed(given.new)

    def change(conn: Connection) -> None:
        user.change(conn, id, call.clock.now(), password_hash=new)
        login.end_all(conn, id, except_id=call.user.session_id)
        audit.write(conn, call, "change_password", {"address": address})

    call.store.write(change)
    call.server.sessions.forget()
    return no_content()


@router.get("/sessions", responses=replies("LoginSessionCollectionResponse"))
def get_sessions(call: Caller) -> Response:
    """List one's own logins that have not ended, newest first."""
    with call.store.read() as conn:
        rows = login.list_of(conn, _own_id(call), call.clock.now())
    shown = [
        {
            "id": row.id,
            "kind": row.kind,
            "created_at": row.created_at,
            "expires_at": row.expires_at,
            "address": row.address,
            "agent": row.agent,
            "is_current": row.id == call.user.session_id,
        }
        for row in rows
    ]
    return Json({"sessions": shown, "total_entries": len(shown)})


@router.delete("/sessions/{session_id}", status_code=204, responses=replies(None, 404, status=204))
def delete_session(call: Caller, session_id: str) -> Response:
    """End one of one's own logins."""
    id = _own_id(call)

    def end(conn: Connection) -> bool:
        row = login.get(conn, session_id) if session_id.isascii() else None  # as all ids are
        if row is None or row.user_id != id:
            return False
        login.end(conn, session_id)
        audit.write(conn, call, "delete_session", before={"id": row.id, "kind": row.kind})
        return True

    if not call.store.write(end):
        raise not_found(f"You have no login {session_id!r}.")
    call.server.sessions.forget()
    return no_content()


def _own_id(call: Call) -> int:
    if call.user.id is None:
        raise forbidden_because(_NOBODY)
    return call.user.id
