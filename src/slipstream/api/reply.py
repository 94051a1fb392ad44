"""The JSON reply: plain data, encoded in one pass by pydantic's Rust encoder.

Datetimes come out as Airflow's do (``2026-01-01T00:00:00Z``), durations as ISO 8601.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic_core import to_json
from starlette.responses import JSONResponse, Response

MAX_DEPTH = 120
"""A reply is nested so deep at most: the encoder and many a client's decoder have their limits."""
_TOO_DEEP = "… (nested too deep to be shown)"


class Json(JSONResponse):
    """``content`` as JSON; what has no JSON form (NaN, bytes that are no text) becomes null."""

    def __init__(
        self, content: Any, status_code: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(content, status_code, headers)

    def render(self, content: Any) -> bytes:
        try:
            return _encode(content)
        except ValueError:
            # JSON can spell half a surrogate pair, which a run's conf or an XCom may thus hold,
            # but no reply can: it is no UTF-8. And what a task left may be nested too deep: that
            # must not keep a list from all who ask for it.
            return _encode(_as_utf8(shallow(content)))


def _encode(content: Any) -> bytes:
    return to_json(content, inf_nan_mode="null", bytes_mode="base64", serialize_unknown=True)


def shallow(value: Any, n_levels: int = MAX_DEPTH) -> Any:
    """Return plain data with what lies deeper than so many levels cut off, and said to be."""
    if isinstance(value, Mapping):
        if not n_levels:
            return _TOO_DEEP
        return {key: shallow(item, n_levels - 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        if not n_levels:
            return _TOO_DEEP
        return [shallow(item, n_levels - 1) for item in value]
    return value


def _as_utf8(value: Any) -> Any:
    """Return plain data with ``?`` for what is no character."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, Mapping):
        return {_as_utf8(key): _as_utf8(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_as_utf8(item) for item in value]
    return value


def no_content() -> Response:
    """Return an empty 204; typed as JSON, as Airflow's are."""
    return Response(status_code=204, media_type="application/json")
