"""What an endpoint answers, said beside it: for ``responses=`` in its decorator.

Schemas are named, not imported: they are classes in ``slipstream.api.model``, which only the
document needs (``openapi``). What every endpoint may answer (401, 403, 422, 503) is added there.
"""

from __future__ import annotations

from typing import Any

Responses = dict[int | str, dict[str, Any]]

NDJSON = "application/x-ndjson"
TEXT = "text/plain"


def replies(schema: str | None, *errors: int, status: int = 200, **others: Any) -> Responses:
    """Return the responses of an endpoint that answers with a schema, or with no body.

    ``schema`` is the name of a class, or several joined by ``|``. ``errors`` are its own besides
    those that all have. A keyword (``ndjson``, ``text``) gives a further form of the reply with an
    example of it.
    """
    content: dict[str, Any] = {}
    if schema is not None:
        content["application/json"] = {"schema": _schema(schema)}
    for form, example in others.items():
        kind = {"ndjson": NDJSON, "text": TEXT}[form]
        content[kind] = {"schema": {"type": "string", "example": example}}
    described: dict[str, Any] = {"description": "Done" if not content else "The answer"}
    found: Responses = {status: described | ({"content": content} if content else {})}
    return found | {error: failure() for error in errors}


def failure(*schemas: str) -> dict[str, Any]:
    """Return the response of an error; its body has a ``detail``."""
    schema = _schema("|".join(schemas or ("HTTPExceptionResponse",)))
    return {"content": {"application/json": {"schema": schema}}}


def _schema(names: str) -> dict[str, Any]:
    found = [{"$ref": f"#/components/schemas/{name.strip()}"} for name in names.split("|")]
    return found[0] if len(found) == 1 else {"anyOf": found}
