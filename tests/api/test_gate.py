"""Nothing is open that was not opened on purpose, and every endpoint asks for a role."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.routing import APIRoute
from tests.api.running import Api

from slipstream.api.app import create_app
from slipstream.api.auth import Role
from slipstream.api.gate import PUBLIC
from slipstream.store import Store

OUTSIDE = {"/", "/auth/login", "/auth/token", "/auth/token/cli", "/auth/token/login"}
"""Paths below no ``/api/v2``, which the gate lets pass."""

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def walk(app: Any) -> Iterator[tuple[str, str]]:
    """Yield method and path of every endpoint of the application."""
    for path, operations in app.openapi()["paths"].items():
        for method in operations:
            yield method.upper(), path


def roles_of(router: Any, prefix: str = "") -> Iterator[tuple[APIRoute, Role | None]]:
    for route in router.routes:
        if isinstance(route, APIRoute):
            calls = [dependency.call for dependency in route.dependant.dependencies]
            found = [call.role for call in calls if hasattr(call, "role")]
            yield route, (found[0] if found else None)
        elif hasattr(route, "original_router"):
            yield from roles_of(route.original_router)
        elif getattr(route, "path", "").startswith("/execution"):
            continue  # attempts and hosts, not people: ``test_execution`` sees to their tokens
        elif hasattr(route, "routes"):
            yield from roles_of(route)


def filled_in(path: str) -> str:
    out, inside = "", False
    for char in path:
        inside = (inside or char == "{") and char != "}"
        out += "" if inside or char in "{}" else char
        if char == "}":
            out += "1"
    return out


def test_no_endpoint_answers_a_stranger(store: Store, home: Any, shared: Api) -> None:
    seen, nobody = 0, shared.as_user(None)
    for method, path in walk(create_app(store)):
        if path in PUBLIC or path in OUTSIDE:
            continue
        seen += 1
        reply = nobody.request(method, shared.origin + filled_in(path))
        assert reply.status_code == 401, f"{method} {path} answered {reply.status_code}"
        assert reply.json() == {"detail": "Not authenticated"}
    assert seen > 70


def test_every_endpoint_names_a_role(store: Store, home: Any) -> None:
    named = 0
    for route, role in roles_of(create_app(store)):
        path = route.path if route.path.startswith(("/api", "/auth")) else f"/api/v2{route.path}"
        if path in PUBLIC or route.path in OUTSIDE or path.removeprefix("/api/v2") in OUTSIDE:
            continue
        named += 1
        assert role is not None, f"{path} names no role"
        if not route.methods <= {"GET", "HEAD"} and not path.endswith(
            ("/list", "/favorite", "/unfavorite")  # the caller's own marks, as in Airflow
        ):
            assert role >= Role.USER, f"{path} changes things as {role.label}"
    assert named > 70


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "path", ["/api/v2", "/api/v2/", "/api/v2/nothing", "/api/v2//dags", "/api/v2/version/x"]
)
def test_unknown_paths_are_closed_too(shared: Api, method: str, path: str) -> None:
    assert shared.as_user(None).request(method, shared.origin + path).status_code == 401


@pytest.mark.parametrize("path", ["/api/v2/%76ersion", "/api/v2/%2e%2e/version", "/API/v2/dags"])
def test_spelling_opens_nothing(shared: Api, path: str) -> None:
    reply = shared.as_user(None).get(shared.origin + path)
    assert reply.status_code in (200, 401, 404)
    assert "dags" not in reply.text


def test_public_ones_need_no_token(shared: Api) -> None:
    nobody = shared.as_user(None)
    assert nobody.get("/version").status_code == 200
    assert nobody.get("/monitor/health").status_code == 200
    for path in ("/auth/login", "/auth/logout"):
        assert nobody.get(path).headers["location"] == "/login"


ALLOWED = [
    ("GET", "/dags", None, Role.VIEWER),
    ("GET", "/dags/sales/dagRuns", None, Role.VIEWER),
    ("GET", "/dags/sales/dagRuns/done/taskInstances/extract/logs/2", None, Role.VIEWER),
    ("GET", "/pools", None, Role.VIEWER),
    ("GET", "/eventLogs", None, Role.VIEWER),
    ("GET", "/importErrors", None, Role.VIEWER),
    ("GET", "/jobs", None, Role.VIEWER),
    ("PATCH", "/dags/sales", {"is_paused": False}, Role.USER),
    ("POST", "/dags/sales/dagRuns", {"logical_date": None}, Role.USER),
    ("POST", "/dags/sales/clearTaskInstances", {"dry_run": True}, Role.USER),
    ("PATCH", "/dags/sales/dagRuns/done", {"note": "n"}, Role.USER),
    ("POST", "/dags/~/dagRuns/list", {}, Role.VIEWER),
    ("GET", "/variables", None, Role.OP),
    ("POST", "/variables", {"key": "k", "value": "v"}, Role.OP),
    ("GET", "/connections", None, Role.OP),
    ("POST", "/pools", {"name": "p", "slots": 1}, Role.OP),
]


def test_roles_may_do_what_airflows_may(filled: Api) -> None:
    users = {"vera": Role.VIEWER, "uma": Role.USER, "olaf": Role.OP}
    for user, role in users.items():
        client = filled.as_user(user)
        for method, path, given, least in ALLOWED:
            reply = client.request(method, path, json=given)
            if role < least:
                assert (reply.status_code, reply.json()) == (403, {"detail": "Forbidden"}), path
            else:
                assert reply.status_code < 300, f"{user} {method} {path}: {reply.text}"


def test_v1_says_that_it_is_gone(shared: Api) -> None:
    reply = shared.as_user(None).get(f"{shared.origin}/api/v1/dags")
    assert reply.status_code == 404
    assert "There is no /api/v1" in reply.json()["error"]
