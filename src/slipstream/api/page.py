"""The plain page: one static file that uses the public API, under a strict content policy."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

router = APIRouter(include_in_schema=False)

_FILE = Path(__file__).with_name("page.html")


def local_path(target: str | None) -> str:
    """Return ``target`` if it is a path on this server, else ``/``: no open redirects."""
    if target and re.match(r"^/(?![/\\])[^\\\x00-\x20]*$", target):
        return target
    return "/"


def _hashes(html: str, tag: str) -> str:
    found = re.findall(rf"<{tag}>(.*?)</{tag}>", html, flags=re.DOTALL)
    digests = (base64.b64encode(hashlib.sha256(t.encode()).digest()).decode() for t in found)
    return " ".join(f"'sha256-{d}'" for d in digests)


def policy(html: str) -> str:
    """Return the Content-Security-Policy that lets run what the page holds, and nothing else."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {_hashes(html, 'script')}",
            f"style-src {_hashes(html, 'style')}",
            "connect-src 'self'",
            "img-src data:",
            "base-uri 'self'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )


_HTML = _FILE.read_text(encoding="utf-8")
_HEADERS = {
    "Content-Security-Policy": policy(_HTML),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


@router.get("/")
async def home() -> Response:
    """Serve the page; it asks for a login itself."""
    return HTMLResponse(_HTML, headers=_HEADERS)


@router.get("/auth/login")
async def login_page() -> Response:
    """Serve the page, whose first view is the login."""
    return HTMLResponse(_HTML, headers=_HEADERS)


@router.get("/api/v2/auth/login")
async def login(request: Request) -> Response:
    """Send a browser to the login page."""
    return RedirectResponse(f"{request.app.state.server.prefix}/auth/login", 307)
