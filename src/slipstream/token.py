"""Signed tokens, and those that a worker host shows to the execution API.

``Signer`` is a JWT signer with HMAC-SHA512, the algorithm that Airflow's simple auth manager uses.
It is written on the standard library: PyJWT imports ``cryptography``, 9 MB and 25 ms for the one
algorithm used here. What has no signature of ours is never parsed.

``ExecutionTokens`` issues and checks the tokens of attempts and hosts. The scheduler signs a
``start`` token into each workload that leaves for a remote host; the API server gives a ``run``
token for it when it grants the start, and a ``host`` token to each host. A token says what it is
for and about whom, so that none opens more than that.
"""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from slipstream.config import conf
from slipstream.errors import SlipstreamError

ALGORITHM = "HS512"
_DIGEST = "sha512"
_MAX_LENGTH = 8192
_HEADER = {"alg": ALGORITHM, "kid": "not-used", "typ": "JWT"}

LEEWAY_S = 90.0
"""How far the clocks of the machine that signs and of the one that checks may be apart."""
FINISH_GRACE_S = 7 * 86400.0
"""So long after its token's end an attempt may still say how it ended: a host keeps outcomes on
disk while it cannot deliver them, and only the attempt that runs is ever finished."""
HOST_LIFETIME_S = 86400.0
_LEAST_START_S = 3600.0


class InvalidToken(SlipstreamError):
    """The token is malformed, forged, or not meant for this."""


class ExpiredToken(InvalidToken):
    """The token was good once; ``grant`` says for what."""

    def __init__(self, grant: Grant) -> None:
        super().__init__("the token has expired")
        self.grant = grant


class Signer:
    """Signs claims, and gives back those that it signed."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._header = _encode(_json(_HEADER))

    def sign(self, claims: Mapping[str, Any]) -> str:
        """Return the claims as a token."""
        signed = self._header + b"." + _encode(_json(claims))
        return (signed + b"." + _encode(self._mac(signed))).decode()

    def verified(self, token: str) -> dict[str, Any]:
        """Return a token's claims; raise InvalidToken unless they were signed with this key.

        Times and audience are the caller's to check.
        """
        if len(token) > _MAX_LENGTH:
            raise InvalidToken("the token is too long")
        try:
            head, claims, signature = token.encode("ascii").split(b".")
            given = _decode(signature)
            if not hmac.compare_digest(given, self._mac(head + b"." + claims)):
                raise InvalidToken(
                    "the token has a wrong signature (is [api_auth] jwt_secret the same for all "
                    "schedulers and API servers?)"
                )
            header, data = json.loads(_decode(head)), json.loads(_decode(claims))
        except ValueError:
            raise InvalidToken("the token is malformed") from None
        if not isinstance(data, dict) or header.get("alg") != ALGORITHM:
            raise InvalidToken("the token is malformed")
        return data

    def _mac(self, signed: bytes) -> bytes:
        return hmac.digest(self._key, signed, _DIGEST)


def key_mark(key: bytes, audience: str) -> str:
    """Return by what services tell whether they sign alike: a keyed hash, from which no key follows."""
    return hmac.digest(key, b"which key signs for " + audience.encode(), _DIGEST).hex()[:32]


def configured_key_mark() -> str:
    """Return the mark of ``[api_auth] jwt_secret`` with ``[execution_api] jwt_audience``."""
    return key_mark(
        conf.get("api_auth", "jwt_secret").encode(), conf.get("execution_api", "jwt_audience")
    )


class Scope(StrEnum):
    """What a token is for."""

    START = "start"
    """To start one attempt, and to ask on its behalf before that."""
    RUN = "run"
    """To act for one attempt that was started."""
    CALLBACK = "callback"
    """To act for one callback request."""
    HOST = "host"
    """To speak as one worker host."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token allows."""

    scope: Scope
    subject: str
    """The attempt's, callback request's or host's id."""
    about: str
    """The log's path below the log folder; of a host, its host name."""
    expires_at: float
    run: int | None = None
    """The key of the attempt's dag run."""


class ExecutionTokens:
    """The tokens of attempts and worker hosts."""

    def __init__(self, key: bytes, audience: str) -> None:
        self._signer = Signer(key)
        self._audience = audience

    @classmethod
    def configured(cls) -> Self:
        """Sign with ``[api_auth] jwt_secret``, which scheduler and API server must share."""
        return cls(
            conf.get("api_auth", "jwt_secret").encode(), conf.get("execution_api", "jwt_audience")
        )

    def issue(
        self,
        scope: Scope,
        subject: str,
        now: datetime,
        lifetime_s: float,
        about: str = "",
        run: int | None = None,
    ) -> str:
        """Return a token that expires ``lifetime_s`` after ``now``."""
        at = int(now.timestamp())
        return self._signer.sign(
            {
                "sub": subject,
                "scope": scope,
                "aud": self._audience,
                "iat": at,
                "exp": at + int(lifetime_s),
                "about": about,
                "run": run,
            }
        )

    def check(self, token: str, now: datetime, *scopes: Scope, grace_s: float = 0.0) -> Grant:
        """Return what the token allows; raise InvalidToken, or ExpiredToken if only its time is over.

        ``grace_s`` is how long after its end it is still taken.
        """
        claims = self._signer.verified(token)
        at = now.timestamp()
        try:
            grant = Grant(
                Scope(claims["scope"]),
                claims["sub"],
                claims["about"],
                float(claims["exp"]),
                claims.get("run"),
            )
            is_ours = claims["aud"] == self._audience and at >= claims["iat"] - LEEWAY_S
        except (KeyError, TypeError, ValueError):
            raise InvalidToken("the token is none of the execution API") from None
        if not is_ours or grant.scope not in scopes:
            raise InvalidToken(f"the token is not for this: its scope is {grant.scope}")
        if at >= grant.expires_at + LEEWAY_S + grace_s:
            raise ExpiredToken(grant)
        return grant


def start_lifetime_s() -> float:
    """Return how long a start token is valid: longer than an attempt stays queued."""
    timeout_s = conf.getfloat("scheduler", "task_queued_timeout", fallback=600.0)
    return max(_LEAST_START_S, 2 * timeout_s)


def run_lifetime_s() -> float:
    """Return how long a run token is valid, unless it is renewed."""
    return conf.getfloat("execution_api", "jwt_expiration_time", fallback=600.0)


def expires_at(token: str) -> float:
    """Return when a token expires, in seconds of the epoch, without checking it.

    For its bearer, who got it from the server and wants to know when to ask for another; 0.0 for
    what is no token.
    """
    try:
        return float(json.loads(_decode(token.split(".")[1].encode()))["exp"])
    except (IndexError, KeyError, TypeError, ValueError):
        return 0.0


def _encode(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _decode(text: bytes) -> bytes:
    return base64.b64decode(text + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
