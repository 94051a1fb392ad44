"""The JSON reply: plain data, encoded in one pass by pydantic's Rust encoder.

Datetimes come out as Airflow's do (``2026-01-01T00:00:00Z``), durations as ISO 8601.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic_core import to_json
from starlette.responses import Response


class Json(Response):
    """``content`` as JSON; what has no JSON form (NaN, bytes that are no text) becomes null."""

    media_type = "application/json"

    def __init__(
        self, content: Any, status_code: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(content, status_code, headers)

    def render(self, content: Any) -> bytes:
        return to_json(content, inf_nan_mode="null", bytes_mode="base64", serialize_unknown=True)


def no_content() -> Response:
    """Return an empty 204; typed as JSON, as Airflow's are."""
    return Response(status_code=204, media_type="application/json")
