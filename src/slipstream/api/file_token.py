"""File tokens: a DAG file's place, signed, so that only files shown before can be named again."""

from __future__ import annotations

import base64
import hmac
import json
from functools import lru_cache


class FileTokens:
    """Makes and reads tokens of (bundle name, relative path)."""

    def __init__(self, key: bytes) -> None:
        # Derived, so that a file token can never pass for anything else signed with the key.
        self._key = hmac.digest(key, b"slipstream.file_token", "sha256")
        # Each page of DAGs shows a hundred of them, the same ones again and again.
        self._made = lru_cache(4096)(self._make)

    def make(self, bundle_name: str, relative_fileloc: str) -> str:
        """Return the token of a file."""
        return self._made(bundle_name, relative_fileloc)

    def _make(self, bundle_name: str, relative_fileloc: str) -> str:
        place = {"bundle_name": bundle_name, "relative_fileloc": relative_fileloc}
        text = _encode(json.dumps(place, separators=(",", ":")).encode())
        return f"{text}.{self._sign(text)}"

    def read(self, token: str) -> tuple[str, str] | None:
        """Return what the token names; None for one that is not ours."""
        text, _, signature = token.partition(".")
        if not hmac.compare_digest(signature.encode(), self._sign(text).encode()):
            return None
        place = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        return place["bundle_name"], place["relative_fileloc"]

    def _sign(self, text: str) -> str:
        return _encode(hmac.digest(self._key, text.encode(), "sha256")[:20])


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
