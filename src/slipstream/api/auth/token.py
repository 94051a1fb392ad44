"""API tokens: JWTs in the form of Airflow's simple auth manager.

A token is accepted only with a signature of ours (``slipstream.token``), and times and an audience
that hold. Whose it is and what it permits is not in it but in the store, under its ``jti``
(``session``): so it can be revoked, and a role that changes changes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from slipstream.config import conf
from slipstream.token import InvalidToken, Signer

__all__ = ["Claims", "InvalidToken", "Tokens"]

_AUDIENCE = "apache-airflow"


class Claims(NamedTuple):
    """What a good token says."""

    name: str
    session_id: str


class Tokens:
    """Issues and checks tokens with one key."""

    def __init__(self, key: bytes, audience: str = _AUDIENCE, leeway_s: int = 10) -> None:
        self._signer = Signer(key)
        self._audience = audience
        self._leeway_s = leeway_s

    @classmethod
    def configured(cls) -> Tokens:
        """Sign with ``[api_auth] jwt_secret``, which the configuration generates and keeps."""
        return cls(
            conf.get("api_auth", "jwt_secret").encode(),
            conf.get("api_auth", "jwt_audience", fallback="") or _AUDIENCE,
            conf.getint("api_auth", "jwt_leeway", fallback=10),
        )

    def issue(
        self,
        name: str,
        session_id: str,
        now: datetime,
        lifetime_s: int,
        roles: Sequence[str] = (),
    ) -> str:
        """Return a token for a login that expires ``lifetime_s`` after ``now``.

        The roles in it are for clients that look; nobody here does.
        """
        at = int(now.timestamp())
        claims: dict[str, Any] = {
            "sub": name,
            "role": roles[0].lower() if roles else None,
            "teams": [],
            "jti": session_id,
            "aud": self._audience,
            "nbf": at,
            "exp": at + lifetime_s,
            "iat": at,
        }
        return self._signer.sign(claims)

    def check(self, token: str, now: datetime) -> Claims:
        """Return what the token says; raise InvalidToken."""
        claims = self._signer.verified(token)
        at = now.timestamp()
        try:
            fresh = claims["nbf"] - self._leeway_s <= at < claims["exp"] + self._leeway_s
            audience = claims["aud"]
            found = Claims(claims["sub"], claims["jti"])
            is_text = isinstance(found.name, str) and isinstance(found.session_id, str)
        except (KeyError, TypeError, ValueError):
            raise InvalidToken("the token lacks a claim") from None
        named = audience if isinstance(audience, list) else [audience]
        if not fresh or not is_text or self._audience not in named:
            raise InvalidToken("the token has expired, or is not meant for this API")
        return found
