"""The web application's files: built scripts and styles, and the one page that loads them.

Every path that no endpoint has is a page of the application, which routes by itself; what it may load
and run is said in its Content-Security-Policy. The pages hold nothing secret: whoever has no login sees
the login form.
"""

from __future__ import annotations

import re
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.staticfiles import NotModifiedResponse, StaticFiles
from starlette.types import Receive, Scope, Send

router = APIRouter(include_in_schema=False)

_FOLDER = Path(__file__).with_name("ui")
_NOT_PAGES = ("/api/", "/auth/", "/execution/", "/static/", "/docs", "/redoc", "/openapi.json")
"""Paths of programs, whether or not this server answers them."""
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        # Components place and size themselves by style attributes, and editors add style sheets.
        "style-src 'self' 'unsafe-inline'",
        "connect-src 'self'",
        "img-src 'self' data: https:",  # people's markdown notes may show pictures
        "font-src 'self'",
        "worker-src 'self'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
MISSING = """<!doctype html><html lang="en"><title>Slipstream</title>
<h1>The pages are not built</h1><p>This installation of Slipstream has no web pages, only its REST API
below <code>/api/v2</code>. Install it anew with Node.js on the path and without
<code>SLIPSTREAM_SKIP_UI</code>.</p></html>"""


def local_path(target: str | None) -> str:
    """Return ``target`` if it is a path on this server, else ``/``: no open redirects."""
    if target and re.match(r"^/(?![/\\])[^\\\x00-\x20]*$", target):
        return target
    return "/"


class _Built(StaticFiles):
    """Built files: their names carry a hash of what is in them, so browsers may keep them."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        reply = await super().get_response(path, scope)
        if isinstance(reply, FileResponse | NotModifiedResponse):
            hashed = re.search(r"-[\w-]{8}\.\w+$", path)
            keep = "public, max-age=31536000, immutable" if hashed else "no-cache"
            reply.headers["Cache-Control"] = keep
            reply.headers["X-Content-Type-Options"] = "nosniff"
        return reply


def built_files() -> StaticFiles:
    """Return the application that serves ``/static``."""
    return _Built(directory=_FOLDER / "static", check_dir=False)


def has_built(path: str) -> bool:
    """Say whether the build has left this file, by its path as pages name it."""
    return (_FOLDER / path).is_file()


def _page(prefix: str) -> str:
    try:
        html = (_FOLDER / "index.html").read_text(encoding="utf-8")
    except FileNotFoundError:
        return MISSING
    return html.replace('<base href="/" />', f'<base href="{prefix}/" />', 1)


@router.get("/api/v2/auth/login")
async def login(request: Request) -> Response:
    """Send a browser to the login page."""
    return RedirectResponse(f"{request.app.state.server.prefix}/login", 307)


@router.get("/auth/login")
async def login_page(request: Request) -> Response:
    """Send a browser to the login page, from where Airflow has it."""
    return RedirectResponse(f"{request.app.state.server.prefix}/login", 307)


class Page:
    """What answers where no endpoint does: the page for a browser's GET, else not found."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if scope["method"] not in ("GET", "HEAD") or path.startswith(_NOT_PAGES):
            raise HTTPException(404)
        await HTMLResponse(_page(self._prefix), headers=HEADERS)(scope, receive, send)
