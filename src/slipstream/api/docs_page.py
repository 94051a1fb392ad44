"""``/docs`` and ``/redoc``: the OpenAPI document to read and to try, below the base path.

Their scripts come from this server, as all that it shows, so they work without the internet; the
build of the pages (``ui/vite.config.ts``) puts them there. Nothing is inline, for the policy allows
no scripts but the server's own.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from html import escape

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse

from slipstream.api.pages import HEADERS, MISSING, has_built

_FILES = "static/api-docs"
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",  # both put their styles into the page
        "connect-src 'self'",
        "img-src 'self' data:",
        "font-src 'self' data:",
        "worker-src blob:",  # ReDoc's search
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="{prefix}/static/favicon.svg" type="image/svg+xml">
{style}
</head>
<body style="margin: 0">
<div id="page" data-document="{document}"></div>
<noscript>This page needs JavaScript. The document that it shows is {document}.</noscript>
<script src="{prefix}/{files}/{bundle}"></script>
<script src="{prefix}/{files}/{start}"></script>
</body>
</html>"""


def add(app: FastAPI, prefix: str) -> None:
    """Add the pages; ``prefix`` is the path that the server is seen under."""
    title = f"{app.title} - Swagger UI"
    swagger = _page(app, prefix, title, "swagger-ui-bundle.js", "swagger.js", "swagger-ui.css")
    redoc = _page(app, prefix, f"{app.title} - ReDoc", "redoc.standalone.js", "redoc.js")
    app.add_route("/docs", swagger, include_in_schema=False)
    app.add_route("/redoc", redoc, include_in_schema=False)


def _page(
    app: FastAPI, prefix: str, title: str, bundle: str, start: str, style: str | None = None
) -> Callable[[Request], Awaitable[HTMLResponse]]:
    at = escape(prefix)
    html = _PAGE.format(
        title=escape(title),
        prefix=at,
        files=_FILES,
        document=f"{at}{app.openapi_url}",
        bundle=bundle,
        start=start,
        style=f'<link rel="stylesheet" href="{at}/{_FILES}/{style}">' if style else "",
    )

    async def show(_request: Request) -> HTMLResponse:
        if not has_built(f"{_FILES}/{bundle}"):
            return HTMLResponse(MISSING, headers=HEADERS)
        return HTMLResponse(html, headers={**HEADERS, "Content-Security-Policy": _POLICY})

    return show
