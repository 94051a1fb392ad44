"""Errors as replies: which status and which body, in Airflow's words where clients may read them.

A client never gets a traceback or an SQL statement. What is a bug is logged and answered with a
500 that carries an id to find it by.
"""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Awaitable, Callable
from typing import Any, cast

from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import HTTPException, RequestValidationError
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.responses import Response

from slipstream.api.reply import Json, shallow
from slipstream.errors import (
    ConfigError,
    DuplicateRun,
    NotFound,
    StoreUnavailable,
    UserError,
)

log = logging.getLogger(__name__)

_SHOWN_DEPTH = 20
"""Of what was sent and is wrong, a reply repeats so many levels."""


def unauthenticated() -> HTTPException:
    return HTTPException(401, "Not authenticated", {"WWW-Authenticate": "Bearer"})


def invalid_token() -> HTTPException:
    return HTTPException(403, "Invalid JWT token")


NEEDS_HEADER = "Slipstream-Needs"
"""Says in a 403 which permission was asked for, as ``can_read on Pools``. Its body is Airflow's."""


def forbidden(needs: str | None = None) -> HTTPException:
    return HTTPException(403, "Forbidden", {NEEDS_HEADER: needs} if needs else None)


def forbidden_because(detail: str) -> HTTPException:
    return HTTPException(403, detail)


def not_found(detail: str) -> HTTPException:
    return HTTPException(404, detail)


def bad_request(detail: str) -> HTTPException:
    return HTTPException(400, detail)


def conflict(detail: Any) -> HTTPException:
    return HTTPException(409, detail)


def dag_not_found(dag_id: str) -> HTTPException:
    return not_found(f"There is no DAG {dag_id!r}.")


def run_not_found(dag_id: str, run_id: str) -> HTTPException:
    return not_found(f"DAG {dag_id!r} has no run {run_id!r}.")


def task_instance_not_found(
    dag_id: str, run_id: str, task_id: str, map_index: int | None = -1
) -> HTTPException:
    """Return the 404 of a task's instance; a map index of None stands for any."""
    which = "" if map_index in (None, -1) else f" with map_index {map_index}"
    return not_found(
        f"Run {run_id!r} of DAG {dag_id!r} has no task instance of {task_id!r}{which}."
    )


def already_exists(what: str) -> HTTPException:
    """Return the reply to a violated unique key: the object that Airflow's clients know."""
    return conflict(
        {
            "reason": "Unique constraint violation",
            "statement": "hidden",
            "orig_error": "hidden",
            "message": what,
        }
    )


def invalid_body(
    kind: str, loc: tuple[str | int, ...], message: str, value: Any = None
) -> HTTPException:
    """Return a 422 in the form of a failed validation, for what a model cannot check."""
    return HTTPException(422, [{"type": kind, "loc": list(loc), "msg": message, "input": value}])


async def _http(_request: Request, e: Exception) -> Response:
    error = cast(StarletteHTTPException, e)
    return Json({"detail": error.detail}, error.status_code, error.headers)


async def _no_route(request: Request, e: Exception) -> Response:
    error = cast(StarletteHTTPException, e)
    if error.detail == "Not Found" and request.scope["path"].startswith("/api/"):
        return Json({"error": f"The API has no {request.scope['path']}."}, 404)
    return Json({"detail": error.detail}, 404, error.headers)


async def _invalid(_request: Request, e: Exception) -> Response:
    errors = jsonable_encoder(shallow(cast(RequestValidationError, e).errors(), _SHOWN_DEPTH))
    # Only escapes can carry what a client may send: half a surrogate pair is no UTF-8.
    text = json.dumps({"detail": errors}, separators=(",", ":"))
    return Response(text, 422, media_type="application/json")


async def _user_error(_request: Request, e: Exception) -> Response:
    return Json({"detail": str(e)}, 400)


async def _not_found(_request: Request, e: Exception) -> Response:
    return Json({"detail": str(e)}, 404)


async def _duplicate(_request: Request, e: Exception) -> Response:
    return Json({"detail": already_exists(str(e)).detail}, 409)


async def _unavailable(_request: Request, e: Exception) -> Response:
    # The message has no password in it (see store.url), and says what to do.
    return Json({"detail": str(e)}, 503, {"Retry-After": "2"})


async def _misconfigured(_request: Request, e: Exception) -> Response:
    log.error("%s", e)
    return Json({"detail": str(e)}, 500)


async def _bug(request: Request, e: Exception) -> Response:
    number = secrets.token_hex(4)
    # The traceback is logged by the server, to which Starlette raises this again.
    log.error("%s %s failed, error id %s: %r", request.method, request.url.path, number, e)
    message = f"Something went wrong in the API server; its log has the details, error id {number}."
    return Json({"detail": message}, 500)


_Handler = Callable[[Request, Exception], Awaitable[Response]]


def install(app: FastAPI) -> None:
    """Have the application answer these errors."""
    handlers: dict[Any, _Handler] = {
        404: _no_route,
        StarletteHTTPException: _http,
        RequestValidationError: _invalid,
        UserError: _user_error,
        NotFound: _not_found,
        DuplicateRun: _duplicate,
        StoreUnavailable: _unavailable,
        ConfigError: _misconfigured,
        Exception: _bug,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)
