"""API tokens: JWTs as Airflow's simple auth manager issues them.

A token is accepted only with a signature of ours (``slipstream.token``), and times and an audience
that hold.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from slipstream.api.auth.user import Role, User
from slipstream.config import conf
from slipstream.token import InvalidToken, Signer

__all__ = ["InvalidToken", "Tokens"]

_AUDIENCE = "apache-airflow"


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

    def issue(self, user: User, now: datetime, lifetime_s: int) -> str:
        """Return a token for ``user`` that expires ``lifetime_s`` after ``now``."""
        at = int(now.timestamp())
        claims = {
            "sub": user.name,
            "role": user.role.label,
            "teams": list(user.teams),
            "jti": secrets.token_hex(16),
            "aud": self._audience,
            "nbf": at,
            "exp": at + lifetime_s,
            "iat": at,
        }
        return self._signer.sign(claims)

    def check(self, token: str, now: datetime) -> User:
        """Return whose token it is; raise InvalidToken."""
        claims = self._signer.verified(token)
        at = now.timestamp()
        try:
            fresh = claims["nbf"] - self._leeway_s <= at < claims["exp"] + self._leeway_s
            audience = claims["aud"]
            user = User(str(claims["sub"]), Role.of(str(claims["role"])), _teams(claims))
        except (KeyError, TypeError, ValueError):
            raise InvalidToken("the token lacks a claim") from None
        if not fresh or self._audience not in (
            audience if isinstance(audience, list) else [audience]
        ):
            raise InvalidToken("the token has expired, or is not meant for this API")
        return user


def _teams(claims: dict[str, Any]) -> tuple[str, ...]:
    teams = claims.get("teams") or []
    return tuple(str(t) for t in teams) if isinstance(teams, list) else ()
