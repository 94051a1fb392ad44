"""Ours: the stream of what changes, as server-sent events."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.exceptions import HTTPException
from starlette.responses import Response

from slipstream.api.call import Viewer
from slipstream.api.replies import Responses
from slipstream.api.stream.filter import Wanted
from slipstream.api.stream.hub import TooManyListeners
from slipstream.api.stream.response import EventStream

router = APIRouter(tags=["Slipstream"])

_REPLY: Responses = {
    200: {
        "description": "Events `hello`, `changes` (see `StreamChanges`) and `reset`",
        "content": {
            "text/event-stream": {"schema": {"type": "string", "example": "event: hello\n…"}}
        },
    }
}


@router.get("/stream", responses=_REPLY, response_class=Response)
async def get_stream(
    call: Viewer, request: Request, dag_id: str | None = None, run_id: str | None = None
) -> Response:
    """Tell what changes: of all DAGs, of one, or of one run. ``Last-Event-ID`` resumes."""

    async def recheck() -> Wanted | None:
        now = await call.renewed()
        return None if now is None else Wanted(now.readable_dags(), dag_id, run_id)

    wanted = Wanted(call.readable_dags(), dag_id, run_id)

    stream = call.server.stream
    try:
        listener = await stream.hub.join(request.headers.get("last-event-id") or None)
    except TooManyListeners:
        detail = "This server has as many listeners to its event stream as it can serve."
        raise HTTPException(503, detail, {"Retry-After": "10"}) from None
    return EventStream(stream.hub, listener, stream.renderer, wanted, recheck)
