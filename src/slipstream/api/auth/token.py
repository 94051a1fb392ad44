"""API tokens: JWTs signed with HMAC-SHA512, as Airflow's simple auth manager issues them.

Written on the standard library: PyJWT imports ``cryptography``, 9 MB and 25 ms for the one
algorithm used here. A token is accepted only with this algorithm in its header, a signature that
compares equal in constant time, and times and audience that hold.
"""

from __future__ import annotations

import base64
import hmac
import json
import secrets
from datetime import datetime
from typing import Any

from slipstream.api.auth.user import Role, User
from slipstream.config import conf

_ALGORITHM = "HS512"
_DIGEST = "sha512"
_AUDIENCE = "apache-airflow"
_MAX_LENGTH = 8192


class InvalidToken(Exception):
    """The token is malformed, forged, expired, or not meant for this API."""


def _encode(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _decode(text: bytes) -> bytes:
    return base64.b64decode(text + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


class Tokens:
    """Issues and checks tokens with one key."""

    def __init__(self, key: bytes, audience: str = _AUDIENCE, leeway_s: int = 10) -> None:
        self._key = key
        self._audience = audience
        self._leeway_s = leeway_s
        header = {"alg": _ALGORITHM, "kid": "not-used", "typ": "JWT"}
        self._header = _encode(_json(header))

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
        signed = self._header + b"." + _encode(_json(claims))
        return (signed + b"." + _encode(self._sign(signed))).decode()

    def check(self, token: str, now: datetime) -> User:
        """Return whose token it is; raise InvalidToken."""
        claims = self._verified(token)
        at = now.timestamp()
        try:
            fresh = claims["nbf"] - self._leeway_s <= at < claims["exp"] + self._leeway_s
            audience = claims["aud"]
            user = User(str(claims["sub"]), Role.of(str(claims["role"])), _teams(claims))
        except (KeyError, TypeError, ValueError):
            raise InvalidToken from None
        if not fresh or self._audience not in (
            audience if isinstance(audience, list) else [audience]
        ):
            raise InvalidToken
        return user

    def _sign(self, signed: bytes) -> bytes:
        return hmac.digest(self._key, signed, _DIGEST)

    def _verified(self, token: str) -> dict[str, Any]:
        if len(token) > _MAX_LENGTH:
            raise InvalidToken
        try:
            head, claims, signature = token.encode("ascii").split(b".")
            given = _decode(signature)
            # Nothing that we did not sign ourselves is parsed.
            if not hmac.compare_digest(given, self._sign(head + b"." + claims)):
                raise InvalidToken
            header, data = json.loads(_decode(head)), json.loads(_decode(claims))
        except ValueError:
            raise InvalidToken from None
        if not isinstance(data, dict) or header.get("alg") != _ALGORITHM:
            raise InvalidToken
        return data


def _teams(claims: dict[str, Any]) -> tuple[str, ...]:
    teams = claims.get("teams") or []
    return tuple(str(t) for t in teams) if isinstance(teams, list) else ()
