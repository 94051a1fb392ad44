"""The OpenAPI document: its committed copy is up to date, and names what exists."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from slipstream.api import openapi

COPY = Path(__file__).parents[2] / "ui" / "openapi.json"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    made: dict[str, Any] = json.loads(openapi.text())
    return made


def test_the_copy_is_up_to_date() -> None:
    assert COPY.read_text(encoding="utf-8") == openapi.text(), (
        "The API has changed: run python -m slipstream.api.openapi > ui/openapi.json"
    )


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [ref for item in value.values() for ref in _references(item)]
    return [ref for item in value for ref in _references(item)] if isinstance(value, list) else []


def test_every_reference_leads_somewhere_and_nothing_is_left_over(
    document: dict[str, Any],
) -> None:
    components = document["components"]
    there = {
        f"#/components/{kind}/{name}"
        for kind in ("schemas", "responses")
        for name in components[kind]
    }
    assert set(_references(document)) == there


def test_operation_ids_are_unique(document: dict[str, Any]) -> None:
    ids = [op["operationId"] for path in document["paths"].values() for op in path.values()]
    assert len(ids) == len(set(ids))


NULL = {"delete_role", "delete_task_instance", "reparse_dag_file"}
"""These answer ``null``, as Airflow does."""


def test_every_operation_says_what_it_answers(document: dict[str, Any]) -> None:
    silent = [
        f"{method} {path}"
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        for status, response in operation["responses"].items()
        if status in ("200", "201")
        and not response.get("content", {}).get("application/json", {"schema": 1}).get("schema")
        and operation["operationId"] not in NULL
    ]
    assert silent == []


def test_all_but_health_and_version_need_a_token(document: dict[str, Any]) -> None:
    open_to_all = {
        path
        for path, methods in document["paths"].items()
        for operation in methods.values()
        if "security" not in operation
    }
    assert {p for p in open_to_all if p.startswith("/api/")} == {
        "/api/v2/version",
        "/api/v2/monitor/health",
    }


SHAPES = Path(__file__).parents[1] / "api" / "shapes.json"


def test_replies_have_the_fields_that_airflow_publishes(document: dict[str, Any]) -> None:
    shapes: dict[str, dict[str, str]] = json.loads(SHAPES.read_text(encoding="utf-8"))
    schemas = document["components"]["schemas"]
    both = schemas.keys() & shapes.keys()
    assert len(both) > 50
    different = {
        name: sorted(schemas[name]["properties"].keys() ^ shapes[name].keys())
        for name in both
        if schemas[name]["properties"].keys() != shapes[name].keys()
    }
    assert different == {}
