"""Tokens: each opens what it was signed for, and nothing else."""

from __future__ import annotations

import base64
import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipstream.clock import FakeClock
from slipstream.token import (
    FINISH_GRACE_S,
    LEEWAY_S,
    ExecutionTokens,
    ExpiredToken,
    InvalidToken,
    Scope,
    Signer,
    expires_at,
    key_mark,
)

AUDIENCE = "urn:test"
NOW = FakeClock().now()
TOKENS = ExecutionTokens(b"k" * 64, AUDIENCE)

scopes = st.sampled_from(list(Scope))
subjects = st.text(min_size=1, max_size=50)


@given(scopes, subjects, st.text(max_size=300))
def test_a_token_gives_back_what_was_signed(scope: Scope, subject: str, about: str) -> None:
    token = TOKENS.issue(scope, subject, NOW, 600, about)
    grant = TOKENS.check(token, NOW, *Scope)
    assert (grant.scope, grant.subject, grant.about) == (scope, subject, about)
    assert grant.expires_at == expires_at(token) == int(NOW.timestamp()) + 600


@given(scopes, st.sets(scopes, max_size=3))
def test_a_token_opens_only_its_scope(scope: Scope, asked: set[Scope]) -> None:
    token = TOKENS.issue(scope, "a", NOW, 600)
    if scope in asked:
        assert TOKENS.check(token, NOW, *asked).scope is scope
    else:
        with pytest.raises(InvalidToken, match="not for this"):
            TOKENS.check(token, NOW, *asked)


@given(st.floats(-1e6, 1e6), st.sampled_from([0.0, FINISH_GRACE_S]))
def test_a_token_is_good_from_its_issue_to_its_end_and_a_grace(
    after_s: float, grace: float
) -> None:
    token = TOKENS.issue(Scope.RUN, "a", NOW, 600)
    then = NOW + timedelta(seconds=after_s)
    if -LEEWAY_S <= after_s < 600 + LEEWAY_S + grace:
        assert TOKENS.check(token, then, Scope.RUN, grace_s=grace).subject == "a"
    else:
        with pytest.raises(InvalidToken) as caught:
            TOKENS.check(token, then, Scope.RUN, grace_s=grace)
        assert isinstance(caught.value, ExpiredToken) is (after_s > 0)


@given(st.data())
def test_a_changed_token_is_none(data: st.DataObject) -> None:
    token = TOKENS.issue(Scope.RUN, "attempt", NOW, 600)
    at = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(st.characters(codec="ascii").filter(lambda c: c != token[at]))
    changed = token[:at] + letter + token[at + 1 :]
    # The last letter of a part may hold bits that belong to no byte.
    if _bytes(changed) != _bytes(token):
        with pytest.raises(InvalidToken):
            TOKENS.check(changed, NOW, *Scope)


def _bytes(token: str) -> list[bytes | None]:
    parts: list[bytes | None] = []
    for part in token.split("."):
        try:
            parts.append(base64.b64decode(part + "=" * (-len(part) % 4), b"-_", validate=True))
        except ValueError:
            parts.append(None)
    return parts


@given(st.text(max_size=200) | st.binary(max_size=100).map(lambda b: b.decode("latin-1")))
def test_garbage_is_no_token(text: str) -> None:
    with pytest.raises(InvalidToken):
        TOKENS.check(text, NOW, *Scope)
    assert expires_at(text) == 0.0 or text.count(".") >= 1


@pytest.mark.parametrize("text", ["", ".", "..", "a.b.c", "." * 10_000, "x" * 1_000_000])
def test_odd_and_oversize_texts_are_no_tokens(text: str) -> None:
    with pytest.raises(InvalidToken):
        TOKENS.check(text, NOW, *Scope)


def test_another_key_or_audience_is_refused() -> None:
    for other in (ExecutionTokens(b"other", AUDIENCE), ExecutionTokens(b"k" * 64, "urn:other")):
        with pytest.raises(InvalidToken):
            TOKENS.check(other.issue(Scope.RUN, "a", NOW, 600), NOW, Scope.RUN)


def test_a_signed_token_of_another_kind_is_refused() -> None:
    signer = Signer(b"k" * 64)
    good = {"sub": "a", "scope": "run", "aud": AUDIENCE, "iat": 0, "exp": 2**40, "about": ""}
    assert TOKENS.check(signer.sign(good), NOW, Scope.RUN)
    for name, value in [*((n, None) for n in good), ("scope", "root"), ("exp", "x"), ("iat", [])]:
        claims = {**good, name: value}
        if value is None:
            del claims[name]
        with pytest.raises(InvalidToken):
            TOKENS.check(signer.sign(claims), NOW, Scope.RUN)


def test_the_algorithm_is_not_the_bearers_to_choose() -> None:
    head, claims, _ = TOKENS.issue(Scope.RUN, "a", NOW, 600).split(".")
    none = base64.urlsafe_b64encode(json.dumps({"alg": "none"}).encode()).decode().rstrip("=")
    for token in (f"{none}.{claims}.", f"{head}.{claims}.", f"{none}.{claims}"):
        with pytest.raises(InvalidToken):
            TOKENS.check(token, NOW, Scope.RUN)


def test_a_token_of_another_secret_is_refused_with_the_option_s_name() -> None:
    token = ExecutionTokens(b"o" * 64, AUDIENCE).issue(Scope.START, "a", NOW, 600)
    with pytest.raises(InvalidToken, match=r"is \[api_auth\] jwt_secret the same"):
        TOKENS.check(token, NOW, Scope.START)


@given(st.binary(min_size=1, max_size=100), st.binary(min_size=1, max_size=100), subjects, subjects)
def test_a_mark_tells_keys_apart_and_signs_nothing(
    key: bytes, other: bytes, audience: str, another: str
) -> None:
    mark = key_mark(key, audience)
    # HMAC pads keys with zeros: those that differ by these alone sign alike.
    assert (mark == key_mark(other, audience)) is (key.rstrip(b"\0") == other.rstrip(b"\0"))
    assert (mark == key_mark(key, another)) is (audience == another)
    with pytest.raises(InvalidToken):
        ExecutionTokens(key, audience).check(f"{mark}.{mark}.{mark}", NOW, *Scope)
