"""A limit to the size of request bodies, whether they announce their length or not."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi.exceptions import HTTPException
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from slipstream.api.reply import Json


def _too_large(limit: int) -> HTTPException:
    return HTTPException(413, f"The request body is larger than {limit} bytes")


class BodyLimit:
    """ASGI middleware that answers 413 to bodies of more than ``limit`` bytes.

    ``larger`` gives paths (by how they begin) limits of their own.
    """

    def __init__(self, app: ASGIApp, limit: int, larger: Mapping[str, int] | None = None) -> None:
        self._app = app
        self._limit = limit
        self._larger = larger or {}

    def _limit_of(self, path: str) -> int:
        for prefix, limit in self._larger.items():
            if path.startswith(prefix + "/"):
                return limit
        return self._limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "")
        limit = self._limit_of(scope["path"])
        if announced.isdigit() and int(announced) > limit:
            error = _too_large(limit)
            await Json({"detail": error.detail}, error.status_code)(scope, receive, send)
            return
        left = limit

        async def counted() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise _too_large(limit)  # the application answers it like any other
            return message

        await self._app(scope, counted, send)
