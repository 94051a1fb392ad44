"""What tasks ask: variables, connections, XComs, runs; and what no worker can begin."""

from __future__ import annotations

import logging

from fastapi import APIRouter, HTTPException
from starlette.responses import Response

from slipstream.api.execution import model
from slipstream.api.execution.access import ForAttempt, ForStart, Server
from slipstream.api.reply import Json
from slipstream.errors import StoreUnavailable
from slipstream.store import remote
from slipstream.token import Scope
from slipstream.worker import commit, request
from slipstream.worker.task_api import RequestRefused

log = logging.getLogger(__name__)

router = APIRouter(tags=["Attempts"])
stable_router = APIRouter(tags=["Attempts"])


@router.post("/request", response_model=model.RequestAnswer, summary="Ask on a task's behalf")
def ask(body: model.Request, grant: ForAttempt, server: Server) -> Response:
    """Answer what a task asks, as long as its attempt is queued or running."""
    with server.store.read() as conn:
        caller = remote.caller(conn, grant.subject, is_callback=grant.scope is Scope.CALLBACK)
    if caller is None:
        raise HTTPException(403, "This attempt is over, or another one has taken its place.")
    answer: dict[str, object] = {"now": server.clock.now().isoformat()}
    try:
        answer["value"] = request.answer(
            server.store, server.clock, caller, body.method, body.params
        )
    except RequestRefused as error:
        answer["error"] = {"type": error.kind, "message": str(error)}
    except StoreUnavailable:
        raise
    except Exception as error:
        log.exception("request %s of attempt %s failed", body.method, grant.subject)
        answer["error"] = {"type": type(error).__name__, "message": str(error)}
    return Json(answer)


@stable_router.post("/refused", response_model=model.Answer, summary="Say why it cannot begin")
def refused(body: model.Refusal, grant: ForStart, server: Server) -> Response:
    """Fail what a worker was given and can never start; people read the reason.

    Of any version: a worker that this server cannot talk to still gets to say so.
    """
    now = server.clock.now()
    reason = f"The worker cannot run it: {body.reason}"
    if server.store.write(lambda conn: commit.refuse(conn, {grant.subject: reason}, now)):
        server.waker.now()
    return Json({"now": now.isoformat()})
