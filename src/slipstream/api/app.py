"""The application: routes, middleware and the parts that they share, put together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import anyio.to_thread
from fastapi import APIRouter, Depends, FastAPI
from fastapi.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware

from slipstream.api import docs_page, error, pages
from slipstream.api.auth import Sessions, Tokens, first
from slipstream.api.auth.throttle import Throttle
from slipstream.api.body_limit import BodyLimit
from slipstream.api.call import Server, permitted
from slipstream.api.execution import app as execution
from slipstream.api.file_token import FileTokens
from slipstream.api.gate import Gate
from slipstream.api.openapi import Documented
from slipstream.api.origin import Origins
from slipstream.api.permission import API_PATH, check_complete
from slipstream.api.remote_log import RemoteLogs
from slipstream.api.reply import Json
from slipstream.api.route import (
    backfill,
    bulk_run,
    bulk_task_instance,
    change_task,
    config,
    connection,
    dag,
    dag_run,
    dag_version,
    event_log,
    explain,
    grid,
    installed,
    log,
    login,
    monitor,
    overview,
    pool,
    role,
    session,
    story,
    stream,
    task_instance,
    timeline,
    token,
    user,
    variable,
    xcom,
)
from slipstream.api.secure_headers import SecureHeaders
from slipstream.api.stream import Stream
from slipstream.clock import Clock, SystemClock
from slipstream.config import conf
from slipstream.errors import ConfigError
from slipstream.store import Store

API_VERSION = "2"
MAX_BODY_BYTES = 8 * 1024 * 1024
N_THREADS = 16
"""Endpoints that run at once; more would wait for the database anyway."""

# Task instances' own paths come last: they end in parameters that would match the others.
_ROUTERS = (
    *(monitor.router, dag.router, dag_version.router, dag_run.router, log.router, xcom.router),
    *(explain.router, story.router, grid.router, overview.router, stream.router),
    timeline.router,
    *(change_task.router, bulk_run.router, bulk_task_instance.router),
    *(task_instance.router, pool.router, variable.router),
    *(connection.router, event_log.router, config.router, backfill.router, session.router),
    installed.router,
)
# Open to everybody, and below /auth for those who may.
_OPEN_ROUTERS = (pages.router, token.router, login.open_router)
_AUTH_ROUTERS = (login.router, user.router, role.router)


PARTS = ("core", "execution")


def parts_of(apps: str) -> frozenset[str]:
    """Return the parts that ``--apps`` names; raise ConfigError for those that do not exist."""
    names = [name.strip() for name in apps.split(",") if name.strip()]
    unknown = [name for name in names if name not in ("all", *PARTS)]
    if unknown or not names:
        raise ConfigError(
            f"--apps is {apps!r}: it must be all, or one or more of {', '.join(PARTS)}."
        )
    return frozenset(PARTS if "all" in names else names)


def base_path() -> str:
    """Return the path part of ``[api] base_url``, without a slash at its end."""
    return urlsplit(conf.get("api", "base_url", fallback="")).path.rstrip("/")


def create_app(store: Store, clock: Clock | None = None, apps: str = "all") -> FastAPI:
    """Build the API on a store, which stays the caller's to close. Raises ConfigError.

    ``apps`` names the parts to serve: ``core`` is the REST API, ``execution`` is for workers.
    """
    wanted = parts_of(apps)
    secret = conf.get("api_auth", "jwt_secret").encode()
    clock = clock or SystemClock()
    tokens = Tokens.configured()
    is_https = urlsplit(conf.get("api", "base_url", fallback="")).scheme == "https"
    server = Server(
        store=store,
        clock=clock,
        tokens=tokens,
        sessions=Sessions(store, clock, tokens),
        throttle=Throttle.configured(),
        is_https=is_https or conf.getboolean("fab", "cookie_secure", fallback=False),
        file_tokens=FileTokens(secret),
        stream=Stream.of(store),
        prefix=base_path(),
        remote_logs=RemoteLogs.configured(store),
    )
    app = _bare(server.prefix)
    app.state.server = server
    if conf.getboolean("api", "enable_swagger_ui", fallback=True):
        docs_page.add(app, server.prefix)
    error.install(app)
    if "execution" in wanted:  # first, because routes are tried in order and it is asked most
        app.mount(execution.PATH, execution.create(store, server.clock))
    if "core" in wanted:
        first.ensure(store, clock)
        _include_core(app)
        app.mount("/static", pages.built_files())
        app.router.default = pages.Page(server.prefix)
    else:
        app.include_router(monitor.open_router, prefix=API_PATH)
    # The last one added is the outermost.
    app.add_middleware(
        BodyLimit, limit=MAX_BODY_BYTES, larger={execution.PATH: execution.MAX_BODY_BYTES}
    )
    app.add_middleware(Gate, server=server, origins=Origins.configured())
    app.add_middleware(SecureHeaders, is_https=is_https)
    _add_cors(app)
    app.add_middleware(GZipMiddleware, minimum_size=500, compresslevel=4)
    return app


def described() -> FastAPI:
    """Build the API without anything behind it, for its OpenAPI document."""
    app = _bare()
    _include_core(app)
    return app


def _bare(prefix: str = "") -> Documented:
    return Documented(
        title="Slipstream API",
        description="Airflow's REST API v2, answered by Slipstream.",
        version=API_VERSION,
        servers=[{"url": prefix}] if prefix else None,
        docs_url=None,
        redoc_url=None,
        lifespan=_few_threads,
        default_response_class=Json,
        generate_unique_id_function=lambda route: route.name,
        redirect_slashes=False,
    )


def _include_core(app: FastAPI) -> None:
    for router in _OPEN_ROUTERS:
        app.include_router(router)
    for router in _AUTH_ROUTERS:
        app.include_router(router, dependencies=[Depends(permitted)])
    api, open_api = APIRouter(prefix=API_PATH), APIRouter(prefix=API_PATH)
    open_api.include_router(monitor.open_router)
    for router in _ROUTERS:
        api.include_router(router, dependencies=[Depends(permitted)])
    app.include_router(open_api)
    app.include_router(api)
    check_complete(
        {API_PATH: (*_ROUTERS, monitor.open_router), "": (*_AUTH_ROUTERS, *_OPEN_ROUTERS)}
    )


@asynccontextmanager
async def _few_threads(_app: FastAPI) -> AsyncIterator[None]:
    anyio.to_thread.current_default_thread_limiter().total_tokens = N_THREADS
    yield


def _add_cors(app: FastAPI) -> None:
    origins = conf.get("api", "access_control_allow_origins", fallback="").split()
    if not origins:
        return
    app.add_middleware(
        CORSMiddleware,
        allow_origins=origins,
        allow_methods=_words("access_control_allow_methods"),
        allow_headers=_words("access_control_allow_headers"),
        allow_credentials=True,
    )


def _words(option: str) -> list[str]:
    return [w for w in conf.get("api", option, fallback="").replace(",", " ").split() if w]
