"""Logins, tokens and roles: who gets in, who does not, and what is said."""

from __future__ import annotations

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import httpx
import jwt
import pytest
from tests.api.running import Api, running

from slipstream.api.auth import (
    InvalidToken,
    Tokens,
    ensure_logins,
    login_lines,
    passwords_path,
)
from slipstream.api.auth.token import Claims
from slipstream.api.auth.user import configured_users
from slipstream.clock import FakeClock
from slipstream.config import conf
from slipstream.errors import ConfigError
from slipstream.store import Store

NOW = FakeClock().now()
ANN = Claims("ann", "id-1")


def post_token(api: Api, path: str = "/auth/token", **kwargs: object) -> httpx.Response:
    return api.as_user(None).post(api.origin + path, **kwargs)  # type: ignore[arg-type]


class TestTokens:
    def test_a_token_names_its_user_and_role(self) -> None:
        tokens = Tokens(b"k" * 64)
        assert tokens.check(tokens.issue(*ANN, NOW, 60), NOW) == ANN

    def test_it_is_a_jwt_that_others_can_read(self) -> None:
        token = Tokens(b"k" * 64).issue(*ANN, NOW, 60, ["Op"])
        claims = jwt.decode(
            token, b"k" * 64, ["HS512"], audience="apache-airflow", options={"verify_exp": False}
        )
        assert claims["sub"] == "ann"
        assert claims["role"] == "op"
        assert claims["exp"] - claims["iat"] == 60
        assert jwt.get_unverified_header(token) == {
            "alg": "HS512",
            "kid": "not-used",
            "typ": "JWT",
        }

    def test_it_expires_after_its_lifetime_and_leeway(self) -> None:
        tokens = Tokens(b"k" * 64, leeway_s=10)
        token = tokens.issue(*ANN, NOW, 60)
        assert tokens.check(token, NOW + timedelta(seconds=69)) == ANN
        with pytest.raises(InvalidToken):
            tokens.check(token, NOW + timedelta(seconds=71))
        with pytest.raises(InvalidToken):
            tokens.check(token, NOW - timedelta(seconds=11))

    @pytest.mark.parametrize(
        "forge",
        [
            lambda claims: jwt.encode(claims, "", "none"),
            lambda claims: jwt.encode(claims, "other" * 20, "HS512"),
            lambda claims: jwt.encode(claims, b"k" * 64, "HS256"),
            lambda claims: jwt.encode({**claims, "aud": "else"}, b"k" * 64, "HS512"),
            lambda claims: jwt.encode({**claims, "jti": 1}, b"k" * 64, "HS512"),
            lambda claims: jwt.encode({**claims, "exp": "soon"}, b"k" * 64, "HS512"),
            lambda claims: jwt.encode({"sub": "ann"}, b"k" * 64, "HS512"),
        ],
    )
    def test_forged_ones_are_refused(self, forge: object) -> None:
        at = int(NOW.timestamp())
        claims = {
            "sub": "ann",
            "jti": "id-1",
            "aud": "apache-airflow",
            "nbf": at,
            "iat": at,
            "exp": at + 60,
        }
        assert Tokens(b"k" * 64).check(jwt.encode(claims, b"k" * 64, "HS512"), NOW)
        with pytest.raises(InvalidToken):
            Tokens(b"k" * 64).check(forge(claims), NOW)  # type: ignore[operator]

    @pytest.mark.parametrize(
        "text", ["", "a", "a.b", "a.b.c", "..", "a.b.c.d", "é.b.c", "x" * 10_000, "[].[].[]"]
    )
    def test_garbage_is_refused(self, text: str) -> None:
        with pytest.raises(InvalidToken):
            Tokens(b"k" * 64).check(text, NOW)


class TestLogins:
    def test_passwords_are_made_once_and_kept_for_the_owner_only(self, home: Path) -> None:
        first = ensure_logins()
        assert first == ensure_logins()
        assert set(first) == {"admin", "vera", "uma", "olaf"}
        assert all(len(p) == 16 for p in first.values())
        assert stat.S_IMODE(passwords_path().stat().st_mode) == 0o600
        assert json.loads(passwords_path().read_text()) == first

    def test_a_new_user_gets_a_password_and_the_others_keep_theirs(
        self, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = ensure_logins()
        monkeypatch.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS", "vera:viewer,new:admin")
        after = ensure_logins()
        assert after["vera"] == before["vera"]
        assert set(after) == {"vera", "new"}
        assert set(json.loads(passwords_path().read_text())) == {*before, "new"}

    def test_passwords_that_people_chose_are_used(self, home: Path) -> None:
        home.mkdir()
        passwords_path().write_text('{"admin": "chosen"}')
        assert ensure_logins()["admin"] == "chosen"

    def test_many_processes_at_once_leave_a_whole_file(self, home: Path) -> None:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: ensure_logins(), range(32)))
        assert set(json.loads(passwords_path().read_text())) == {"admin", "vera", "uma", "olaf"}

    @pytest.mark.parametrize("text", ["{", "[]", '{"admin": 1}'])
    def test_a_damaged_file_is_told(self, home: Path, text: str) -> None:
        home.mkdir()
        passwords_path().write_text(text)
        with pytest.raises(ConfigError, match="not a JSON object"):
            ensure_logins()

    def test_they_are_told_with_their_place(self, home: Path) -> None:
        passwords = ensure_logins()
        text = "\n".join(login_lines("http://x:1", [("vera", "Viewer")]))
        assert passwords["vera"] in text
        assert passwords["admin"] not in text
        assert str(passwords_path()) in text

    def test_passwords_are_shown_once(self, home: Path) -> None:
        passwords = ensure_logins()
        text = "\n".join(login_lines("http://x:1", []))
        assert str(passwords_path()) in text
        assert not any(password in text for password in passwords.values())

    @pytest.mark.parametrize("text", ["ann", "ann:boss", "ann:"])
    def test_a_wrong_user_list_is_told(self, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS", text)
        with pytest.raises(ConfigError, match="simple_auth_manager_users"):
            configured_users()


class TestGettingAToken:
    def test_json_and_form_work(self, api: Api) -> None:
        given = {"username": "vera", "password": ensure_logins()["vera"]}
        for kind in ({"json": given}, {"data": given}):
            reply = post_token(api, **kind)
            assert reply.status_code == 201
            token = reply.json()["access_token"]
            claims = jwt.decode(token, options={"verify_signature": False})
            assert (claims["sub"], claims["role"]) == ("vera", "viewer")
            assert claims["exp"] - claims["iat"] == 86_400

    def test_the_clis_lives_shorter(self, api: Api) -> None:
        given = {"username": "vera", "password": ensure_logins()["vera"]}
        token = post_token(api, "/auth/token/cli", json=given).json()["access_token"]
        claims = jwt.decode(token, options={"verify_signature": False})
        assert claims["exp"] - claims["iat"] == 3600

    @pytest.mark.parametrize(
        ("kwargs", "status", "detail"),
        [
            ({"json": {"username": "admin", "password": "x"}}, 401, "Invalid credentials"),
            ({"json": {"username": "nobody", "password": "x"}}, 401, "Invalid credentials"),
            ({"json": {"username": "admin", "password": "\u0000"}}, 401, "Invalid credentials"),
            ({"json": {"username": "", "password": ""}}, 400, "lacks a username or a password"),
            ({"json": {"username": "admin"}}, 422, "password: Field required"),
            ({"json": {"username": "a", "password": "b", "c": 1}}, 422, "c: Extra inputs"),
            ({"json": {"username": "a", "password": 1}}, 422, "password: Input should be"),
            ({"json": []}, 422, "body: Input should be"),
            ({"data": {"username": "admin"}}, 422, "password"),
            ({"content": "{", "headers": {"Content-Type": "application/json"}}, 422, "JSON"),
            (
                {"content": "x", "headers": {"Content-Type": "text/plain"}},
                415,
                "Send the login as application",
            ),
            ({"content": "x"}, 415, "Send the login as application"),
        ],
    )
    def test_wrong_requests_are_refused(
        self, shared: Api, kwargs: dict[str, object], status: int, detail: str
    ) -> None:
        reply = post_token(shared, **kwargs)
        assert reply.status_code == status
        assert detail in reply.json()["detail"]

    def test_a_refusal_does_not_repeat_the_password(self, shared: Api) -> None:
        given = {"username": 1, "password": "hunter2"}
        assert "hunter2" not in post_token(shared, json=given).text

    def test_without_all_admins_nobody_gets_one_for_nothing(self, shared: Api) -> None:
        for path in ("/auth/token", "/auth/token/login"):
            reply = shared.as_user(None).get(shared.origin + path)
            assert reply.status_code == 403
            assert "simple_auth_manager_all_admins" in reply.json()["detail"]


class TestShowingAToken:
    def test_nothing_wrong_and_expired_are_told_apart(self, store: Store, home: Path) -> None:
        clock = FakeClock()
        with running(store, clock) as api:
            assert api.get("/dags").status_code == 200
            nobody = api.as_user(None)
            for headers, status, detail in (
                ({}, 401, "Not authenticated"),
                ({"Authorization": "Basic eDp5"}, 401, "Not authenticated"),
                ({"Authorization": "Bearer"}, 401, "Not authenticated"),
                ({"Authorization": "Bearer nonsense"}, 403, "Invalid JWT token"),
                ({"Cookie": "_token=nonsense"}, 403, "Invalid JWT token"),
            ):
                reply = nobody.get("/dags", headers=headers)
                assert (reply.status_code, reply.json()) == (status, {"detail": detail})
            clock.advance(86_400 + 60)
            assert api.get("/dags").json() == {"detail": "Invalid JWT token"}

    def test_a_browsers_cookie_does_too(self, api: Api) -> None:
        token = api.login("vera")
        reply = api.as_user(None).get("/dags", headers={"Cookie": f"a=b; _token={token}"})
        assert reply.status_code == 200

    def test_a_token_outlives_a_restart(self, store: Store, home: Path) -> None:
        with running(store) as first:
            token = first.login("admin")
        with running(store) as second:
            headers = {"Authorization": f"Bearer {token}"}
            assert second.as_user(None).get("/dags", headers=headers).status_code == 200

    def test_a_configured_key_is_used(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AIRFLOW__API_AUTH__JWT_SECRET", "s" * 64)
        token = Tokens.configured().issue(*ANN, NOW, 60)
        assert Tokens(b"s" * 64).check(token, NOW) == ANN


def test_all_admins_lets_everybody_in(
    store: Store, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS", "True")
    assert conf.getboolean("core", "simple_auth_manager_all_admins")
    with running(store) as api:
        nobody = api.as_user(None)
        assert nobody.get("/variables").status_code == 200
        token = nobody.get(f"{api.origin}/auth/token").json()["access_token"]
        assert jwt.decode(token, options={"verify_signature": False})["role"] == "admin"
        for target, place in (("/x?y=1", "/x?y=1"), ("https://evil", "/"), ("//evil", "/")):
            reply = nobody.get(f"{api.origin}/auth/token/login", params={"next": target})
            assert reply.status_code == 307
            assert reply.headers["location"] == place
            assert "httponly" in reply.headers["set-cookie"].lower()
