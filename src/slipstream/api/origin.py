"""Whether a browser's request comes from one of our own pages: protection against forged requests.

Browsers say it themselves, by ``Sec-Fetch-Site`` or, older ones and on plain HTTP, by ``Origin``;
no page can change either.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

from slipstream.config import conf


class Origins:
    """The origins whose pages may send requests that change something."""

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        self._allowed = frozenset(found for each in allowed if (found := _origin(each)))

    @classmethod
    def configured(cls) -> Origins:
        """Allow ``[api] base_url`` and what CORS allows, beside the address that was asked."""
        allowed = conf.get("api", "access_control_allow_origins", fallback="").split()
        return cls([conf.get("api", "base_url", fallback=""), *allowed])

    def fits(self, scope: Scope, headers: Headers, *, must_say: bool) -> bool:
        """Say whether the request is from a page of ours, or from no page.

        A request that says nothing of it is from a program; ``must_say`` refuses it, for with a
        cookie only browsers come.
        """
        origin = headers.get("origin")
        if origin is not None and _origin(origin) in self._allowed:
            return True
        site = headers.get("sec-fetch-site")
        if site is not None:
            return site == "same-origin" or (site == "none" and not must_say)
        if origin is not None:
            host = headers.get("host", "")
            return _origin(origin) in {_origin(f"{scheme}://{host}") for scheme in _schemes(scope)}
        return not must_say


def _schemes(scope: Scope) -> tuple[str, ...]:
    # A proxy that ends TLS and does not say so leaves us with http; then the page's is https.
    return ("https",) if scope.get("scheme") == "https" else ("http", "https")


def _origin(url: str) -> str:
    """Return scheme, host and port of a URL; "" for what has none (``null`` above all)."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return ""
    port = port or (443 if parts.scheme == "https" else 80)
    return f"{parts.scheme}://{parts.hostname}:{port}"
