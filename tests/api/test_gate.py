"""Nothing is open that was not opened on purpose, and every endpoint asks for a permission."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import APIRouter
from tests.api.running import Api

from slipstream.api.app import create_app
from slipstream.api.gate import PUBLIC
from slipstream.api.permission import API, AUTH, check_complete
from slipstream.store import Store

OUTSIDE = {
    *("/", "/auth/login", "/auth/logout"),
    *("/auth/token", "/auth/token/cli", "/auth/token/login"),
}
"""Paths below no ``/api/v2``, which the gate lets pass."""

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def walk(app: Any) -> Iterator[tuple[str, str]]:
    """Yield method and path of every endpoint of the application."""
    for path, operations in app.openapi()["paths"].items():
        for method in operations:
            yield method.upper(), path


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


def test_every_endpoint_has_a_permission(store: Store, home: Any) -> None:
    table = {key.replace(" ", " /api/v2", 1).replace(":rest", "") for key in API} | set(AUTH)
    named = 0
    for method, path in walk(create_app(store)):
        if path == "/":
            continue
        named += 1
        assert f"{method} {path}" in table, f"{method} {path} has no entry in the table"
    assert named > 90


def test_an_endpoint_without_a_permission_keeps_the_server_from_starting() -> None:
    router = APIRouter()
    router.add_api_route("/new/{thing}", lambda thing: thing, methods=["PUT"])
    with pytest.raises(RuntimeError, match=r"PUT /api/v2/new/\{thing\}"):
        check_complete({"/api/v2": [router]})


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


def test_v1_says_that_it_is_gone(shared: Api) -> None:
    reply = shared.as_user(None).get(f"{shared.origin}/api/v1/dags")
    assert reply.status_code == 404
    assert "There is no /api/v1" in reply.json()["error"]
