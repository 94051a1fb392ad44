"""How Python values become column values: compact JSON, packed DAG specs, safe text.

Holds no SQL. ``Text`` columns go through ``safe_text``; JSON escapes whatever a database refuses.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from datetime import date, datetime
from typing import Any


def _jsonable(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__qualname__} is not JSON serializable: {value!r:.80}")


# One encoder for the process: json.dumps builds a new one on every call with these arguments.
# ASCII only, so that lone surrogates and NUL reach no database as characters.
dump = json.JSONEncoder(separators=(",", ":"), default=_jsonable).encode
load = json.loads


def load_or_none(text: str | None) -> Any:
    """Decode a JSON column that may be NULL."""
    if text == "{}":  # as the conf of most runs is
        return {}
    return None if text is None else load(text)


def pack(value: Any) -> bytes:
    """Return compressed JSON, for values that are written once and read seldom."""
    return zlib.compress(dump(value).encode())


def unpack(data: bytes) -> Any:
    """Undo ``pack``."""
    return load(zlib.decompress(data))


def digest(text: str) -> str:
    """Return the SHA-256 of a text, in hex: the key of what is too long to be one."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def safe_text(value: str | None, limit: int | None = None) -> str | None:
    """Make any text storable: no NUL (PostgreSQL), no lone surrogates, at most ``limit`` characters."""
    if value is None:
        return None
    if limit is not None and len(value) > limit:
        value = value[: limit - 1] + "…"
    if "\x00" in value:
        value = value.replace("\x00", "\N{REPLACEMENT CHARACTER}")
    if not value.isascii():
        value = value.encode("utf-8", "replace").decode()
    return value
