"""Which endpoint asks for which permission: one table, and the checks behind it.

An endpoint below ``/api/v2`` or ``/auth`` that has no entry keeps the server from starting. What an
entry cannot say, because the DAGs are in the body, the endpoint checks itself, with ``Call``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi.routing import APIRoute

from slipstream.api.auth.user import User
from slipstream.api.auth.words import (
    CREATE,
    DAG_RUNS,
    DAGS,
    DELETE,
    EDIT,
    READ,
    TASK_INSTANCES,
)

ALL = "~"
"""In a path: any DAG."""


@dataclass(frozen=True, slots=True)
class Open:
    """For everybody, without a login."""


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """For everybody who has logged in."""


@dataclass(frozen=True, slots=True)
class May:
    """For those who may do this with a resource."""

    action: str
    resource: str


@dataclass(frozen=True, slots=True)
class MayDag:
    """For those who may do this with the DAG of the path; without one, who may read some DAG.

    ``parts`` are resources within a DAG: see ``User.may_part``.
    """

    action: str
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InBody:
    """For those who may do one of the actions with a resource; the body tells which it takes."""

    resource: str


@dataclass(frozen=True, slots=True)
class ByEndpoint:
    """The endpoint finds the DAGs in question and checks each; here only the parts are asked for."""

    action: str
    parts: tuple[str, ...] = ()


Needs = Open | LoggedIn | May | MayDag | InBody | ByEndpoint

_RUN = "/dags/{dag_id}/dagRuns/{dag_run_id}"
_TI = _RUN + "/taskInstances/{task_id}"
_XCOMS = _TI + "/xcomEntries"
_XCOM = _XCOMS + "/{xcom_key:rest}"
_TASK = (DAG_RUNS, TASK_INSTANCES)


def _crud(path: str, one: str, resource: str) -> dict[str, Needs]:
    return {
        f"GET {path}": May(READ, resource),
        f"POST {path}": May(CREATE, resource),
        f"PATCH {path}": InBody(resource),
        f"GET {path}{one}": May(READ, resource),
        f"PATCH {path}{one}": May(EDIT, resource),
        f"DELETE {path}{one}": May(DELETE, resource),
    }


API: Mapping[str, Needs] = {
    "GET /version": Open(),
    "GET /monitor/health": Open(),
    "GET /auth/login": Open(),
    "GET /auth/logout": Open(),
    "GET /session": LoggedIn(),
    "GET /jobs": May(READ, "Jobs"),
    "GET /plugins": May(READ, "Plugins"),
    "GET /plugins/importErrors": May(READ, "Plugins"),
    "GET /providers": May(READ, "Providers"),
    "GET /config": May(READ, "Configurations"),
    "GET /config/section/{section}/option/{option}": May(READ, "Configurations"),
    **_crud("/pools", "/{pool_name:rest}", "Pools"),
    **_crud("/variables", "/{variable_key:rest}", "Variables"),
    **_crud("/connections", "/{connection_id:rest}", "Connections"),
    "POST /connections/defaults": May(CREATE, "Connections"),
    "POST /connections/test": May(CREATE, "Connections"),
    # DAGs
    "GET /dags": MayDag(READ),
    "PATCH /dags": ByEndpoint(EDIT),
    "GET /dags/{dag_id}": MayDag(READ),
    "GET /dags/{dag_id}/details": MayDag(READ),
    "PATCH /dags/{dag_id}": MayDag(EDIT),
    "DELETE /dags/{dag_id}": MayDag(DELETE),
    "POST /dags/{dag_id}/favorite": MayDag(READ),
    "POST /dags/{dag_id}/unfavorite": MayDag(READ),
    "GET /dags/{dag_id}/tasks": MayDag(READ, (TASK_INSTANCES,)),
    "GET /dags/{dag_id}/tasks/{task_id}": MayDag(READ, (TASK_INSTANCES,)),
    "GET /dagTags": MayDag(READ),
    "GET /dagStats": MayDag(READ, (DAG_RUNS,)),
    "GET /dagSources/{dag_id}": MayDag(READ, ("DAG Code",)),
    "GET /dags/{dag_id}/dagVersions": MayDag(READ, ("DAG Versions",)),
    "GET /dags/{dag_id}/dagVersions/{version_number}": MayDag(READ, ("DAG Versions",)),
    "GET /dagWarnings": MayDag(READ, ("DAG Warnings",)),
    "GET /importErrors": May(READ, "ImportError"),
    "GET /importErrors/{import_error_id}": May(READ, "ImportError"),
    "PUT /parseDagFile/{file_token}": ByEndpoint(EDIT),
    "GET /eventLogs": MayDag(READ, ("Audit Logs",)),
    "GET /eventLogs/{event_log_id}": ByEndpoint(READ, ("Audit Logs",)),
    # Runs
    "GET /dags/{dag_id}/dagRuns": MayDag(READ, (DAG_RUNS,)),
    "POST /dags/{dag_id}/dagRuns": MayDag(CREATE, (DAG_RUNS,)),
    "PATCH /dags/{dag_id}/dagRuns": InBody(DAG_RUNS),
    "POST /dags/{dag_id}/dagRuns/list": MayDag(READ, (DAG_RUNS,)),
    "POST /dags/{dag_id}/clearDagRuns": MayDag(EDIT, (DAG_RUNS,)),
    f"GET {_RUN}": MayDag(READ, (DAG_RUNS,)),
    f"PATCH {_RUN}": MayDag(EDIT, (DAG_RUNS,)),
    f"DELETE {_RUN}": MayDag(DELETE, (DAG_RUNS,)),
    f"POST {_RUN}/clear": MayDag(EDIT, (DAG_RUNS,)),
    f"GET {_RUN}/wait": MayDag(READ, (DAG_RUNS,)),
    f"GET {_RUN}/upstreamAssetEvents": MayDag(READ, (DAG_RUNS,)),
    f"GET {_RUN}/story": MayDag(READ, (DAG_RUNS,)),
    # Task instances
    "POST /dags/{dag_id}/clearTaskInstances": MayDag(EDIT, _TASK),
    f"GET {_RUN}/taskInstances": MayDag(READ, _TASK),
    f"PATCH {_RUN}/taskInstances": InBody(TASK_INSTANCES),
    f"POST {_RUN}/taskInstances/list": MayDag(READ, _TASK),
    f"PATCH {_RUN}/taskGroupInstances/{{group_id}}": MayDag(EDIT, _TASK),
    f"PATCH {_RUN}/taskGroupInstances/{{group_id}}/dry_run": MayDag(EDIT, _TASK),
    f"GET {_TI}": MayDag(READ, _TASK),
    f"PATCH {_TI}": MayDag(EDIT, _TASK),
    f"PATCH {_TI}/dry_run": MayDag(EDIT, _TASK),
    f"DELETE {_TI}": MayDag(DELETE, _TASK),
    f"GET {_TI}/listMapped": MayDag(READ, _TASK),
    f"GET {_TI}/links": MayDag(READ, _TASK),
    f"GET {_TI}/tries": MayDag(READ, _TASK),
    f"GET {_TI}/tries/{{task_try_number}}": MayDag(READ, _TASK),
    f"GET {_TI}/dependencies": MayDag(READ, _TASK),
    f"GET {_TI}/explain": MayDag(READ, _TASK),
    f"GET {_TI}/story": MayDag(READ, _TASK),
    f"GET {_TI}/{{map_index}}": MayDag(READ, _TASK),
    f"PATCH {_TI}/{{map_index}}": MayDag(EDIT, _TASK),
    f"PATCH {_TI}/{{map_index}}/dry_run": MayDag(EDIT, _TASK),
    f"GET {_TI}/{{map_index}}/tries": MayDag(READ, _TASK),
    f"GET {_TI}/{{map_index}}/tries/{{task_try_number}}": MayDag(READ, _TASK),
    f"GET {_TI}/{{map_index}}/dependencies": MayDag(READ, _TASK),
    f"GET {_TI}/logs/{{try_number}}": MayDag(READ, ("Task Logs",)),
    f"GET {_TI}/externalLogUrl/{{try_number}}": MayDag(READ, ("Task Logs",)),
    f"GET {_XCOMS}": MayDag(READ, ("XComs",)),
    f"POST {_XCOMS}": MayDag(CREATE, ("XComs",)),
    f"GET {_XCOM}": MayDag(READ, ("XComs",)),
    f"PATCH {_XCOM}": MayDag(EDIT, ("XComs",)),
    f"DELETE {_XCOM}": MayDag(DELETE, ("XComs",)),
    # Backfills: of the DAG in the query, in the body, or of the backfill
    "GET /backfills": ByEndpoint(READ, (DAG_RUNS,)),
    "POST /backfills": ByEndpoint(CREATE, (DAG_RUNS,)),
    "POST /backfills/dry_run": ByEndpoint(CREATE, (DAG_RUNS,)),
    "GET /backfills/{backfill_id}": ByEndpoint(READ, (DAG_RUNS,)),
    "PUT /backfills/{backfill_id}/pause": ByEndpoint(EDIT, (DAG_RUNS,)),
    "PUT /backfills/{backfill_id}/unpause": ByEndpoint(EDIT, (DAG_RUNS,)),
    "PUT /backfills/{backfill_id}/cancel": ByEndpoint(EDIT, (DAG_RUNS,)),
    # What the pages ask
    "GET /dags/{dag_id}/grid": MayDag(READ, _TASK),
    "GET /dags/{dag_id}/graph": MayDag(READ, (TASK_INSTANCES,)),
    f"GET {_RUN}/gantt": MayDag(READ, _TASK),
    "GET /dags/{dag_id}/recentRuns": MayDag(READ, (DAG_RUNS,)),
    "GET /dags/~/recentRuns": MayDag(READ, (DAG_RUNS,)),
    "GET /dags/{dag_id}/calendar": MayDag(READ, (DAG_RUNS,)),
    "GET /overview": MayDag(READ, (DAG_RUNS,)),
    "GET /stream": MayDag(READ, (DAG_RUNS,)),
}
"""By method and path below ``/api/v2``."""

AUTH: Mapping[str, Needs] = {
    **dict.fromkeys(
        (
            *("GET /auth/login", "POST /auth/login", "GET /auth/logout", "POST /auth/logout"),
            *("POST /auth/token", "GET /auth/token", "POST /auth/token/cli"),
            "GET /auth/token/login",
        ),
        Open(),
    ),
    "PUT /auth/password": May(EDIT, "My Password"),
    "GET /auth/sessions": May(READ, "My Profile"),
    "DELETE /auth/sessions/{session_id}": May(EDIT, "My Profile"),
    "GET /auth/fab/v1/users": May(READ, "Users"),
    "POST /auth/fab/v1/users": May(CREATE, "Users"),
    "GET /auth/fab/v1/users/{username}": May(READ, "Users"),
    "PATCH /auth/fab/v1/users/{username}": May(EDIT, "Users"),
    "DELETE /auth/fab/v1/users/{username}": May(DELETE, "Users"),
    "GET /auth/fab/v1/roles": May(READ, "Roles"),
    "POST /auth/fab/v1/roles": May(CREATE, "Roles"),
    "GET /auth/fab/v1/roles/{name}": May(READ, "Roles"),
    "PATCH /auth/fab/v1/roles/{name}": May(EDIT, "Roles"),
    "DELETE /auth/fab/v1/roles/{name}": May(DELETE, "Roles"),
    "GET /auth/fab/v1/permissions": May(READ, "Permission Views"),
}
"""By method and path of the endpoints that are not below ``/api/v2``."""

API_PATH = "/api/v2"
GUARDED = (API_PATH, "/auth/fab", "/auth/password", "/auth/sessions")
"""Nothing below these is reached without a login, known path or not, but what is ``Open``."""


def needs_of(path: str, method: str) -> Needs | None:
    """Return what a route asks for; None if the table does not know it."""
    if method == "HEAD":
        method = "GET"
    below = path.removeprefix(API_PATH)
    # Some versions of FastAPI keep the prefix out of a route's path.
    if path.startswith("/auth/"):
        return AUTH.get(f"{method} {path}") or API.get(f"{method} {path}")
    return API.get(f"{method} {below}")


OPEN_PATHS = frozenset(
    API_PATH + key.partition(" ")[2] for key, needs in API.items() if isinstance(needs, Open)
)
"""The only paths below ``/api/v2`` that need no login."""


def is_allowed(user: User, needs: Needs, path_params: Mapping[str, Any]) -> bool:
    """Say whether somebody may call an endpoint that asks for this."""
    if isinstance(needs, May):
        return user.may(needs.action, needs.resource)
    if isinstance(needs, InBody):
        return any(user.may(action, needs.resource) for action in (CREATE, EDIT, DELETE))
    if isinstance(needs, ByEndpoint):
        if not needs.parts:
            return user.dags(needs.action) != frozenset()
        # Runs of one DAG may be permitted by themselves: the endpoint knows of which.
        return all(user.may(needs.action, part) for part in needs.parts) or (
            needs.parts == (DAG_RUNS,) and user.may_some_runs(needs.action)
        )
    if isinstance(needs, MayDag):
        dag_id = path_params.get("dag_id")
        dag_id = None if dag_id == ALL else dag_id
        if needs.parts:
            return user.may_part(needs.action, dag_id, needs.parts)
        if dag_id is None:
            return user.reads_some_dag()
        return user.may_dag(needs.action, dag_id)
    return True


def in_words(needs: Needs) -> str | None:
    """Name the permissions that an endpoint asks for, as roles list them."""
    match needs:
        case May(action, resource):
            return f"{action} on {resource}"
        case InBody(resource):
            return f"{CREATE}, {EDIT} or {DELETE} on {resource}"
        case MayDag(action, parts) | ByEndpoint(action, parts):
            return ", ".join(f"{action} on {part}" for part in parts or (DAGS,))
    return None


def routes(router: Any) -> Iterator[APIRoute]:
    """Yield the endpoints of an application, those of routers within it included."""
    for route in router.routes:
        if isinstance(route, APIRoute):
            yield route
        elif hasattr(route, "original_router"):
            yield from routes(route.original_router)


def check_complete(routers: Mapping[str, Sequence[Any]]) -> None:
    """Raise RuntimeError unless every endpoint of the routers, by their prefix, has an entry."""
    missing = [
        f"{method} {prefix}{route.path}"
        for prefix, some in routers.items()
        for router in some
        for route in routes(router)
        for method in route.methods or ()
        if route.path.startswith(("/api/", "/auth/")) or prefix
        if needs_of(prefix + route.path, method) is None
    ]
    if missing:
        raise RuntimeError(
            f"No permission is named for {', '.join(sorted(missing))}: "
            "add it to the table in slipstream.api.permission."
        )
