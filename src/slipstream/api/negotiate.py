"""Content negotiation, for the few endpoints that answer in more than one form."""

from __future__ import annotations

from fastapi.exceptions import HTTPException


def wants(accept: str, first: str, second: str) -> str:
    """Return which of two media types a reply shall have: ``first`` unless only ``second`` will do.

    Raises a 406 when the client takes neither.
    """
    types = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    for offered in (first, second):
        if offered in types:
            return offered
    if not accept.strip() or any(t in ("*/*", first.partition("/")[0] + "/*") for t in types):
        return first
    raise HTTPException(406, f"The reply comes as {first} or {second}: accept one of them.")
