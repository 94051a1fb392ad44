"""Errors: what ``slipstream.api.error`` answers."""

from __future__ import annotations

from typing import Any, NotRequired

from typing_extensions import TypedDict


class HTTPExceptionResponse(TypedDict):
    """What went wrong, in a sentence; an object where a unique key is violated."""

    detail: str | dict[str, Any]


class ValidationError(TypedDict):
    """One thing that is wrong with a request, and where it is."""

    loc: list[str | int]
    msg: str
    type: str
    input: NotRequired[Any]
    ctx: NotRequired[dict[str, Any]]


class HTTPValidationError(TypedDict):
    """Everything that is wrong with a request."""

    detail: list[ValidationError]
