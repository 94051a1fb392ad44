"""``/auth/token``: tokens for names and passwords."""

from __future__ import annotations

import json
from typing import Annotated, Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Body, Request
from fastapi.exceptions import HTTPException
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from slipstream.api import body, entry
from slipstream.api.auth.session import lifetime_s
from slipstream.api.auth.user import all_admins
from slipstream.api.call import TheServer
from slipstream.api.pages import local_path
from slipstream.api.replies import replies
from slipstream.api.reply import Json

router = APIRouter(prefix="/auth", tags=["SimpleAuthManagerLogin"])

_FORM = "application/x-www-form-urlencoded"
_LOGIN = {
    "required": True,
    "content": {
        kind: {"schema": {"$ref": "#/components/schemas/LoginBody"}}
        for kind in ("application/json", _FORM)
    },
}
"""The body of a login, which is read by hand, for the document."""


@router.post(
    "/token",
    status_code=201,
    responses=replies("TokenResponse", 400, 401, 415, 429, status=201),
    openapi_extra={"requestBody": _LOGIN},
)
async def create_token(request: Request, server: TheServer) -> Response:
    """Exchange a name and a password, as JSON or as a form, for a token."""
    given = await _login_of(request)
    begun = await run_in_threadpool(entry.log_in, server, request, given, "token")
    return _issued(begun.token)


@router.post(
    "/token/cli", status_code=201, responses=replies("TokenResponse", 400, 401, 429, status=201)
)
def create_token_cli(
    request: Request, given: Annotated[body.Login, Body()], server: TheServer
) -> Response:
    """Exchange a name and a password for a token that lives as long as the CLI's do."""
    return _issued(entry.log_in(server, request, given, "cli").token)


@router.get("/token", status_code=201, responses=replies("TokenResponse", 403, status=201))
async def create_token_all_admins(server: TheServer) -> Response:
    """Give anybody a token, where everybody is an admin."""
    _check_all_admins()
    return _issued(server.sessions.begin_anonymous(lifetime_s("token")).token)


@router.get("/token/login", status_code=307, responses=replies(None, 403, status=307))
async def login_all_admins(
    request: Request, server: TheServer, next: str | None = None
) -> Response:
    """Log a browser in, where everybody is an admin."""
    _check_all_admins()
    reply = RedirectResponse(server.prefix + local_path(next), 307)
    begun = server.sessions.begin_anonymous(lifetime_s("browser"))
    entry.set_cookie(server, request, reply, begun)
    return reply


def _check_all_admins() -> None:
    if not all_admins():
        raise HTTPException(
            403,
            "A token without a login needs [core] simple_auth_manager_all_admins = True",
        )


def _issued(token: str) -> Response:
    return Json({"access_token": token}, 201, {"Cache-Control": "no-store"})


async def _login_of(request: Request) -> body.Login:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("application/json", _FORM):
        raise HTTPException(
            415, f"Send the login as application/json or {_FORM}, not as {kind or 'nothing'}."
        )
    raw = await request.body()
    data: Any
    try:
        if kind == _FORM:
            fields = parse_qs(raw.decode(), keep_blank_values=True)
            data = {name: values[-1] for name, values in fields.items()}
        else:
            data = json.loads(raw)
        return body.Login.model_validate(data)
    except ValidationError as e:
        # Airflow answers with one text here; unlike its, this one never repeats the password.
        problems = (
            f"{'.'.join(str(part) for part in p['loc']) or 'body'}: {p['msg']}" for p in e.errors()
        )
        raise HTTPException(422, "; ".join(problems)) from None
    except ValueError:
        raise HTTPException(422, "The body is not valid JSON") from None
