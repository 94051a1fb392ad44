"""``/docs`` and ``/redoc``: the OpenAPI document to read and to try, below the base path.

FastAPI's own pages, whose scripts come from a public server: they need the internet.
"""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html
from starlette.requests import Request
from starlette.responses import HTMLResponse


def add(app: FastAPI, prefix: str) -> None:
    """Add the pages; ``prefix`` is the path that the server is seen under."""
    address = f"{prefix}{app.openapi_url}"

    async def swagger(_request: Request) -> HTMLResponse:
        return get_swagger_ui_html(openapi_url=address, title=f"{app.title} - Swagger UI")

    async def redoc(_request: Request) -> HTMLResponse:
        return get_redoc_html(openapi_url=address, title=f"{app.title} - ReDoc")

    app.add_route("/docs", swagger, include_in_schema=False)
    app.add_route("/redoc", redoc, include_in_schema=False)
