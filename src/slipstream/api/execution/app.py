"""The application below ``/execution``, with an OpenAPI document of its own."""

from __future__ import annotations

from fastapi import APIRouter, Depends, FastAPI, HTTPException
from starlette.responses import Response

from slipstream.api import error
from slipstream.api.execution import commit, host, log, model, request
from slipstream.api.execution.access import Parts, Server, check_version, other_version
from slipstream.api.execution.open_log import OpenLogs
from slipstream.api.execution.wake import Waker
from slipstream.api.reply import Json
from slipstream.clock import Clock
from slipstream.store import Store
from slipstream.token import ExecutionTokens
from slipstream.worker.remote_log.launcher import Uploads, folder, open_uploads
from slipstream.worker.remote_log.target import configured
from slipstream.worker.task_api import VERSION

PATH = "/execution"
MAX_BODY_BYTES = 64 * 1024 * 1024
"""A batch carries XComs, of which the database takes large ones."""


def create(store: Store, clock: Clock) -> FastAPI:
    """Build the execution API on a store. Raises ConfigError."""
    app = FastAPI(
        title="Slipstream execution API",
        description=__doc_of_api__,
        version=str(VERSION),
        docs_url=None,
        redoc_url=None,
        default_response_class=Json,
        redirect_slashes=False,
    )
    app.state.parts = Parts(
        store, clock, ExecutionTokens.configured(), Waker(store), *_remote_logs()
    )
    error.install(app)
    stable = APIRouter(prefix=f"/v{VERSION}")
    stable.include_router(request.stable_router)
    stable.add_api_route("/health", _health, response_model=model.Health, tags=["Health"])
    app.include_router(stable)
    versioned = APIRouter(prefix=f"/v{VERSION}", dependencies=[Depends(check_version)])
    for router in (host.router, commit.router, request.router, log.router):
        versioned.include_router(router)
    app.include_router(versioned)
    app.add_api_route(
        "/{version}/{rest:path}", _unknown, methods=["GET", "POST"], include_in_schema=False
    )
    return app


def _remote_logs() -> tuple[Uploads, OpenLogs] | tuple[None, None]:
    """Return what sees to a remote log folder, if there is one; raise ConfigError."""
    if configured() is None:
        return None, None
    uploads = open_uploads()
    uploads.resume()
    open_logs = OpenLogs(folder(), uploads.ask)
    open_logs.start()
    return uploads, open_logs


async def _health(server: Server) -> Response:
    """Say that the server answers, in which version, and what time it is there."""
    now = server.clock.now().isoformat()
    return Json({"status": "healthy", "version": VERSION, "now": now})


async def _unknown(version: str, rest: str) -> Response:
    number = version.removeprefix("v")
    if version.startswith("v") and number.isdigit() and number != str(VERSION):
        raise other_version(number)
    raise HTTPException(404, f"There is no {rest!r} in version {VERSION} of the execution API.")


__doc_of_api__ = """\
How worker hosts far from the database run attempts.

A workload brings a *start token* for its attempt. With any of them a host registers (`/v1/hosts`)
and gets a *host token*. It asks leave to start by `/v1/commit`, at which the compare-and-set on the
attempt happens, and gets a *run token* for each attempt that it may run. With that the attempt
asks (`/v1/request`), sends its log (`/v1/logs`) and finishes (`/v1/commit`). One heartbeat, also by
`/v1/commit`, covers all that runs in a host and brings back what has to end.

A 5xx is worth another try. A 401, 403 or 426 will be the same next time, and says why.
"""
