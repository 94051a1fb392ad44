"""The OpenAPI document: made from the routes, bodies and ``model``, in Airflow's names.

``python -m slipstream.api.openapi`` prints it; ``ui/openapi.json`` is a copy of that. It is made
where somebody asks for it, so that serving costs nothing.
"""

from __future__ import annotations

import http
import importlib
import json
import pkgutil
import sys
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any, Literal

from fastapi import FastAPI
from pydantic import TypeAdapter
from typing_extensions import is_typeddict

from slipstream.api.gate import PUBLIC
from slipstream.api.replies import failure

_REF = "#/components/schemas/"
_RESPONSE = "#/components/responses/"
_METHODS = ("get", "post", "put", "patch", "delete")
_BODIES = {
    "Backfill": "BackfillPostBody",
    "Clear": "ClearTaskInstancesBody",
    "Connection": "ConnectionBody",
    "DagPatch": "DAGPatchBody",
    "Login": "LoginBody",
    "Pool": "PoolBody",
    "PoolPatch": "PoolPatchBody",
    "RunClear": "DAGRunClearBody",
    "RunNamed": "BulkDAGRunBody",
    "RunPatch": "DAGRunPatchBody",
    "RunsBatch": "DAGRunsBatchBody",
    "RunsClear": "BulkDAGRunClearBody",
    "TaskInstanceNamed": "BulkTaskInstanceBody",
    "TaskInstancePatch": "PatchTaskInstanceBody",
    "TaskInstancesBatch": "TaskInstancesBatchBody",
    "Trigger": "TriggerDAGRunPostBody",
    "Variable": "VariableBody",
    "XComCreate": "XComCreateBody",
    "XComUpdate": "XComUpdateBody",
}
"""Airflow's names of the bodies in ``body``; those of bulk changes follow from them."""
_GENERIC = {
    "Bulk": "BulkBody",
    "BulkCreate": "BulkCreateAction",
    "BulkUpdate": "BulkUpdateAction",
    "BulkDelete": "BulkDeleteAction",
}
_SECURITY = {
    "OAuth2PasswordBearer": {
        "type": "oauth2",
        "description": "A token in the Authorization header: POST /auth/token gives one.",
        "flows": {"password": {"scopes": {}, "tokenUrl": "/auth/token"}},
    },
    "HTTPBearer": {"type": "http", "scheme": "bearer"},
}


def complete(document: dict[str, Any]) -> dict[str, Any]:
    """Complete what FastAPI made of the routes: shared errors, security, schemas, names, order."""
    errors: dict[str, Any] = {}
    for path, methods in document["paths"].items():
        for method in _METHODS:
            if method in methods:
                errors |= _complete_operation(path, methods[method])
    _rename(document)
    components = document.setdefault("components", {})
    components["responses"] = {
        _error_name(status): {"description": http.HTTPStatus(int(status)).phrase} | response
        for status, response in sorted(errors.items())
    }
    schemas = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)  # ours say all that is sent
    used = {*_references(document["paths"]), *_references(components["responses"])}
    schemas |= _schemas(used - schemas.keys())
    components["schemas"] = dict(sorted(schemas.items()))
    components["securitySchemes"] = _SECURITY
    document["paths"] = {
        path: {method: methods[method] for method in _METHODS if method in methods}
        for path, methods in sorted(document["paths"].items())
    }
    return document


def _complete_operation(path: str, operation: dict[str, Any]) -> dict[str, Any]:
    """Complete an operation and return its errors, to which it then only refers."""
    responses = operation["responses"]
    given = "requestBody" in operation
    expected: dict[str, dict[str, Any]] = {"400": failure(), "503": failure()}
    if path.startswith("/api/") and path not in PUBLIC:
        operation["security"] = [{name: []} for name in _SECURITY]
        expected |= {"401": failure(), "403": failure()}
    if given:
        expected["413"] = failure()
    if given or operation.get("parameters"):
        expected["422"] = failure("HTTPValidationError", "HTTPExceptionResponse")
        responses.pop("422", None)
    for status, response in expected.items():
        responses.setdefault(status, response)
    operation["responses"] = {
        status: {"$ref": _RESPONSE + _error_name(status)} if _is_error(status) else response
        for status, response in sorted(responses.items())
    }
    return {status: response for status, response in responses.items() if _is_error(status)}


def _is_error(status: str) -> bool:
    return int(status) >= 400


def _error_name(status: str) -> str:
    return "".join(word.capitalize() for word in http.HTTPStatus(int(status)).name.split("_"))


def _schemas(wanted: set[str]) -> dict[str, Any]:
    """Return the schemas of these classes of ``model``, and of those that they refer to."""
    known = dict(_models())
    unknown = wanted - known.keys()
    if unknown:
        raise LookupError(f"There is no {', '.join(sorted(unknown))} in slipstream.api.model.")
    adapters: list[tuple[str, Literal["serialization"], TypeAdapter[Any]]] = [
        (name, "serialization", TypeAdapter(known[name])) for name in sorted(wanted)
    ]
    _, made = TypeAdapter.json_schemas(adapters, ref_template=_REF + "{model}")
    found: dict[str, Any] = made["$defs"]
    for schema in found.values():
        for name, shown in schema.get("properties", {}).items():
            if shown.get("title") == name.replace("_", " ").title():
                del shown["title"]  # says nothing that the name does not
    return found


def _models() -> Iterator[tuple[str, type]]:
    # Imported here: requests are served without the models.
    from slipstream.api import model

    for module in pkgutil.iter_modules(model.__path__):
        found = vars(importlib.import_module(f"{model.__name__}.{module.name}"))
        for name, value in found.items():
            if is_typeddict(value) or (isinstance(value, type) and issubclass(value, Enum)):
                yield name, value


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key == "$ref":
                if item.startswith(_REF):
                    yield item.removeprefix(_REF)
            else:
                yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)


def _rename(document: dict[str, Any]) -> None:
    schemas = document.get("components", {}).get("schemas", {})
    names = {name: _published(name) for name in schemas}

    def renamed(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: renamed(v) for k, v in value.items()}
        if isinstance(value, list):
            return [renamed(item) for item in value]
        if isinstance(value, str) and value.startswith(_REF):  # $ref, or a discriminator's mapping
            name = value.removeprefix(_REF)
            return _REF + names.get(name, name)
        return value

    document["paths"] = renamed(document["paths"])
    if schemas:
        made = {names[name]: renamed(schema) for name, schema in schemas.items()}
        for name, schema in made.items():
            schema["title"] = name
        document["components"]["schemas"] = made


def _published(name: str) -> str:
    outer, _, inner = name.rstrip("_").partition("_")
    if inner and outer in _GENERIC:
        return f"{_GENERIC[outer]}_{_BODIES.get(inner, inner)}_"
    return _BODIES.get(name, name)


class Documented(FastAPI):
    """An application whose document is completed."""

    def openapi(self) -> dict[str, Any]:
        if not self.openapi_schema:
            self.openapi_schema = complete(super().openapi())
        return self.openapi_schema


def text() -> str:
    """Return the document of the whole API, as ``ui/openapi.json`` has it."""
    # Imported here: app imports this module.
    from slipstream.api.app import described

    return json.dumps(described().openapi(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
