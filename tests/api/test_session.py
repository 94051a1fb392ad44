"""Logins in a browser and their end: cookies, forged requests, revocation, too many tries."""

from __future__ import annotations

import json
import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from tests.api.running import Api, running

from slipstream.api.auth import Sessions, Tokens, ensure_logins, first, passwords_path
from slipstream.api.auth.session import STALE_S
from slipstream.api.auth.throttle import Throttle
from slipstream.api.origin import Origins
from slipstream.clock import FakeClock
from slipstream.config import conf
from slipstream.errors import ConfigError
from slipstream.store import Connection, Store, login, schema, user
from slipstream.token import Signer

SAME = {"Sec-Fetch-Site": "same-origin"}


def browser(api: Api, name: str = "uma", **headers: str) -> Api:
    """Return a client that is logged in by cookie, as a page of ours would be."""
    client = api.as_user(None)
    given = {"username": name, "password": ensure_logins()[name]}
    reply = client.post(f"{api.origin}/auth/login", json=given, headers={**SAME, **headers})
    assert reply.status_code == 204, reply.text
    return client


class TestCookie:
    def test_no_script_and_no_other_site_gets_it(self, api: Api) -> None:
        given = {"username": "uma", "password": ensure_logins()["uma"]}
        reply = api.as_user(None).post(f"{api.origin}/auth/login", json=given)
        cookie = reply.headers["set-cookie"].lower()
        for word in ("httponly", "samesite=lax", "path=/", "max-age=86400"):
            assert word in cookie
        assert "secure" not in cookie  # over plain HTTP the browser would drop it
        assert reply.content == b""

    def test_behind_https_it_is_secure_and_keeps_to_the_prefix(
        self, store: Store, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://example.org/flow")
        with running(store) as api:
            given = {"username": "uma", "password": ensure_logins()["uma"]}
            reply = api.as_user(None).post(f"{api.origin}/flow/auth/login", json=given)
            cookie = reply.headers["set-cookie"].lower()
            assert "secure" in cookie
            assert "path=/flow" in cookie

    def test_session_says_who_one_is(self, api: Api) -> None:
        shown = browser(api).ok("GET", "/session")
        assert shown["user"]["username"] == "uma"
        assert shown["user"]["roles"] == ["User"]
        assert ["can_edit", "DAGs"] in shown["permissions"]
        assert ["can_read", "Variables"] not in shown["permissions"]
        config = shown["config"]
        assert config["auth"] == "users"
        assert config["test_connection"] == "Disabled"
        assert api.as_user(None).get("/session").status_code == 401


class TestForgedRequests:
    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            (SAME, 200),
            ({"Sec-Fetch-Site": "same-site"}, 403),
            ({"Sec-Fetch-Site": "cross-site"}, 403),
            ({"Sec-Fetch-Site": "none"}, 403),
            ({"Origin": "http://evil.example"}, 403),
            ({"Origin": "null"}, 403),
            ({"Origin": "http://127.0.0.1:1"}, 403),
            ({"Origin": "OWN"}, 200),
            ({"Sec-Fetch-Site": "cross-site", "Origin": "http://evil.example"}, 403),
            ({}, 403),
        ],
    )
    def test_a_cookie_alone_changes_nothing(
        self, filled: Api, headers: dict[str, str], status: int
    ) -> None:
        client = browser(filled)
        sent = {k: filled.origin if v == "OWN" else v for k, v in headers.items()}
        reply = client.patch("/dags/sales", json={"is_paused": True}, headers=sent)
        assert reply.status_code == status, reply.text
        assert client.get("/dags/sales", headers=sent).status_code == 200

    def test_a_bearer_token_needs_no_origin(self, filled: Api) -> None:
        headers = {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}
        reply = filled.patch("/dags/sales", json={"is_paused": True}, headers=headers)
        assert reply.status_code == 200

    def test_nobody_is_logged_in_or_out_from_afar(self, api: Api) -> None:
        client = browser(api)
        given = {"username": "uma", "password": ensure_logins()["uma"]}
        far = {"Sec-Fetch-Site": "cross-site", "Origin": "http://evil.example"}
        assert client.post(f"{api.origin}/auth/login", json=given, headers=far).status_code == 403
        assert client.post(f"{api.origin}/auth/logout", headers=far).status_code == 403
        far_link = {"Sec-Fetch-Site": "cross-site"}
        token = client.cookies["_token"]
        client.get(f"{api.origin}/auth/logout", headers=far_link)
        assert (
            api.as_user(None)
            .get("/session", headers={"Authorization": f"Bearer {token}"})
            .is_success
        )

    def test_where_everybody_is_an_admin_other_sites_are_not(
        self, filled: Api, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS", "True")
        with running(store) as api:
            nobody = api.as_user(None)
            given = {"is_paused": True}
            far = {"Origin": "http://evil.example"}
            assert nobody.patch("/dags/sales", json=given, headers=far).status_code == 403
            assert nobody.patch("/dags/sales", json=given).status_code == 200

    def test_origins_that_cors_allows_may(self) -> None:
        origins = Origins(["https://pages.example/", ""])
        scope = {"scheme": "https"}
        for origin, fits in (
            ("https://pages.example", True),
            ("https://pages.example:443", True),
            ("http://pages.example", False),
            ("https://pages.example.evil", False),
            ("https://api.example", True),
            ("http://api.example", False),
            ("https://[", False),
        ):
            headers = httpx.Headers({"host": "api.example", "origin": origin})
            assert origins.fits(scope, headers, must_say=True) is fits, origin  # type: ignore[arg-type]


class TestTheEnd:
    def test_a_logout_ends_the_token_for_good(self, api: Api) -> None:
        client = browser(api)
        token = client.cookies["_token"]
        reply = client.post(f"{api.origin}/auth/logout", headers=SAME)
        assert reply.status_code == 204
        assert "_token" not in client.cookies
        client.headers["Authorization"] = f"Bearer {token}"
        assert client.get("/dags").json() == {"detail": "Invalid JWT token"}

    def test_a_new_password_ends_all_other_logins(self, api: Api) -> None:
        here, there = browser(api), browser(api)
        old = ensure_logins()["uma"]
        url = f"{api.origin}/auth/password"
        for given, status in (
            ({"current": "wrong", "new": "n3w"}, 400),
            ({"current": old, "new": old}, 400),
            ({"current": old, "new": ""}, 422),
            ({"current": old, "new": "n3w"}, 204),
        ):
            assert here.put(url, json=given, headers=SAME).status_code == status
        assert here.get("/session").status_code == 200
        assert there.get("/session").status_code == 403
        for password, status in ((old, 401), ("n3w", 201)):
            given = {"username": "uma", "password": password}
            assert api.post(f"{api.origin}/auth/token", json=given).status_code == status

    def test_one_sees_and_ends_ones_own_logins_only(self, api: Api) -> None:
        here, there, other = browser(api), browser(api), browser(api, "vera")
        url = f"{api.origin}/auth/sessions"
        mine = here.get(url).json()["sessions"]
        assert len(mine) == 2
        assert [each["is_current"] for each in mine].count(True) == 1
        gone = next(each["id"] for each in mine if not each["is_current"])
        assert other.delete(f"{url}/{gone}", headers=SAME).status_code == 404
        assert here.delete(f"{url}/{gone}", headers=SAME).status_code == 204
        assert there.get("/session").status_code == 403
        assert other.get("/session").status_code == 200

    def test_what_an_admin_changes_holds_at_once(self, api: Api) -> None:
        uma = browser(api)
        url = f"{api.origin}/auth/fab/v1/users/uma"
        assert uma.get("/variables").status_code == 403
        api.ok("PATCH", url, json={"roles": [{"name": "Op"}]})
        assert uma.get("/variables").status_code == 200
        api.ok("PATCH", url, json={"active": False})
        assert uma.get("/variables").status_code == 403
        given = {"username": "uma", "password": ensure_logins()["uma"]}
        assert api.post(f"{api.origin}/auth/token", json=given).status_code == 401
        api.ok("PATCH", url, json={"active": True})
        again = browser(api)
        api.ok("DELETE", url, status=204)
        assert again.get("/session").status_code == 403

    def test_another_process_knows_within_seconds(self, store: Store, home: Path) -> None:
        clock = FakeClock()
        first.ensure(store, clock)
        here, there = (Sessions(store, clock, Tokens(b"k" * 64)) for _ in range(2))

        def begin(conn: Connection) -> Any:
            row = user.get(conn, "uma")
            assert row is not None
            return here.begin(conn, row.id, kind="token", lifetime_s=60, address=None, agent=None)

        begun = store.write(begin)
        id = there.checked(begun.token)
        assert there.look_up(id) == begun.user
        store.write(login.end, id)
        here.forget()
        assert here.look_up(id) is None
        assert there.known(id) == (begun.user, True)
        clock.advance(STALE_S)
        assert there.known(id) == (None, False)
        assert there.look_up(id) is None

    def test_a_token_that_names_no_login_is_worth_nothing(self, api: Api) -> None:
        key = conf.get("api_auth", "jwt_secret").encode()
        claims = jwt.decode(api.login("admin"), options={"verify_signature": False})
        for changed in (
            {"jti": "Anonymous", "sub": "Anonymous"},
            {"jti": "public"},
            {"jti": "0"},
            {"aud": "urn:airflow.apache.org:task"},
            {"exp": 1},
        ):
            token = Signer(key).sign({**claims, **changed})
            reply = api.as_user(None).get("/dags", headers={"Authorization": f"Bearer {token}"})
            assert (reply.status_code, reply.json()) == (403, {"detail": "Invalid JWT token"})
        for token in (jwt.encode(claims, "", "none"), jwt.encode(claims, b"x" * 64, "HS512")):
            reply = api.as_user(None).get("/dags", headers={"Authorization": f"Bearer {token}"})
            assert reply.status_code == 403


class TestTries:
    def test_too_many_wrong_passwords_lock_a_name_for_a_while(
        self, store: Store, home: Path
    ) -> None:
        clock = FakeClock()
        with running(store, clock) as api:
            for name in ("uma", "nobody"):
                given = {"username": name, "password": "wrong"}
                for n in range(6):
                    reply = api.post(f"{api.origin}/auth/token", json=given)
                    assert reply.status_code == (401 if n < 5 else 429), reply.text
                assert 0 < int(reply.headers["retry-after"]) <= 40
            right = {"username": "uma", "password": ensure_logins()["uma"]}
            assert api.post(f"{api.origin}/auth/login", json=right).status_code == 429
            vera = {"username": "vera", "password": ensure_logins()["vera"]}
            assert api.post(f"{api.origin}/auth/token", json=vera).status_code == 201
            clock.advance(41)
            assert api.post(f"{api.origin}/auth/token", json=right).status_code == 201

    def test_an_address_is_limited_too(self) -> None:
        throttle, now = Throttle(5, 40), FakeClock().now()
        waits = [throttle.begin(f"n{i}", "a", now + timedelta(seconds=i)) for i in range(22)]
        assert waits[:20] == [0.0] * 20
        assert waits[20] == 20.0
        assert throttle.begin("x", "b", now) == 0.0

    def test_who_succeeds_is_not_limited(self) -> None:
        throttle, now = Throttle(5, 40), FakeClock().now()
        for _ in range(100):
            assert throttle.begin("n", "a", now) == 0.0
            throttle.succeeded("n", "a")

    @pytest.mark.parametrize(
        ("text", "is_good"),
        [
            ("5 per 40 second", True),
            ("1 per 2 minutes", True),
            ("5", False),
            ("0 per 1 hour", False),
        ],
    )
    def test_the_limit_is_airflows_option(
        self, monkeypatch: pytest.MonkeyPatch, text: str, is_good: bool
    ) -> None:
        monkeypatch.setenv("AIRFLOW__FAB__AUTH_RATE_LIMIT", text)
        if is_good:
            Throttle.configured()
        else:
            with pytest.raises(ConfigError, match="auth_rate_limit"):
                Throttle.configured()


class TestTheFirstUser:
    def test_an_empty_store_gets_an_admin(
        self, store: Store, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS")
        assert first.ensure(store, FakeClock()) == [("admin", "Admin")]
        assert stat.S_IMODE(passwords_path().stat().st_mode) == 0o600
        assert first.ensure(store, FakeClock()) == []

    def test_whom_people_take_away_stays_away_though_the_option_names_them(
        self, api: Api, store: Store
    ) -> None:
        url = f"{api.origin}/auth/fab/v1/users"
        api.ok("DELETE", f"{url}/uma", status=204)
        api.ok("PATCH", f"{url}/vera", json={"username": "veronica"})
        assert first.ensure(store, FakeClock()) == []
        with store.read() as conn:
            assert user.get(conn, "uma") is None
            assert user.get(conn, "vera") is None
            assert user.get(conn, "olaf") is not None

    def test_a_store_without_users_gets_all_whom_the_option_names(
        self, api: Api, store: Store
    ) -> None:
        api.ok("DELETE", f"{api.origin}/auth/fab/v1/users/uma", status=204)
        store.write(lambda conn: conn.execute(schema.auth_user.delete()))
        made = first.ensure(store, FakeClock())
        assert [name for name, _ in made] == ["admin", "vera", "uma", "olaf"]
        assert ensure_logins()["uma"]

    def test_a_store_with_users_is_left_alone(
        self, store: Store, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS")

        def replace(conn: Connection) -> None:
            row = user.get(conn, "admin")
            assert row is not None
            user.delete(conn, row.id)
            user.create(
                conn,
                username="ann",
                email="a@b",
                password_hash=None,
                role_ids=[],
                now=FakeClock().now(),
            )

        first.ensure(store, FakeClock())
        store.write(replace)
        assert first.ensure(store, FakeClock()) == []

    def test_what_the_store_says_wins_over_option_and_file(self, api: Api, store: Store) -> None:
        api.ok(
            "PATCH",
            f"{api.origin}/auth/fab/v1/users/uma",
            json={"roles": [{"name": "Viewer"}], "password": "changed"},
        )
        with running(store) as again:
            for password, status in ((ensure_logins()["uma"], 401), ("changed", 201)):
                given = {"username": "uma", "password": password}
                assert again.post(f"{again.origin}/auth/token", json=given).status_code == status
            shown = again.get(f"{again.origin}/auth/fab/v1/users/uma").json()
            assert shown["roles"] == [{"name": "Viewer"}]


class TestUsersAndRoles:
    def test_users_by_fabs_shapes(self, api: Api) -> None:
        url = f"{api.origin}/auth/fab/v1/users"
        given = {
            "username": "ann",
            "email": "ann@example.org",
            "first_name": "Ann",
            "last_name": "Lee",
            "password": "geheim",
            "roles": [{"name": "Viewer"}],
        }
        made = api.ok("POST", url, json=given)
        assert {k: made[k] for k in given if k != "password"} == {
            k: v for k, v in given.items() if k != "password"
        }
        assert "geheim" not in str(made)
        assert "argon2" not in str(api.ok("GET", url))
        api.ok("POST", url, json=given, status=409)
        api.ok("POST", url, json={**given, "username": "b", "roles": [{"name": "x"}]}, status=409)
        other = {**given, "username": "b", "email": "b@x"}
        api.ok("POST", url, json={**other, "roles": [{"name": "x"}]}, status=400)
        api.ok("PATCH", f"{url}/ann?update_mask=last_name", json={"last_name": "Li", "email": "q"})
        shown = api.ok("GET", f"{url}/ann")
        assert (shown["last_name"], shown["email"]) == ("Li", "ann@example.org")
        page = api.ok("GET", f"{url}?order_by=-username&limit=2")
        assert [u["username"] for u in page["users"]] == ["vera", "uma"]
        assert page["total_entries"] == 5
        api.ok("DELETE", f"{url}/ann", status=204)
        api.ok("GET", f"{url}/ann", status=404)
        api.ok("DELETE", f"{url}/admin", status=403)

    def test_roles_by_fabs_shapes(self, api: Api) -> None:
        url = f"{api.origin}/auth/fab/v1/roles"
        action = {"action": {"name": "can_read"}, "resource": {"name": "DAG:sales"}}
        assert api.ok("POST", url, json={"name": "Team", "actions": [action]}) == {
            "name": "Team",
            "actions": [action],
        }
        api.ok("POST", url, json={"name": "Team"}, status=409)
        wrong = {"action": {"name": "can_fly"}, "resource": {"name": "DAGs"}}
        api.ok("POST", url, json={"name": "X", "actions": [wrong]}, status=400)
        names = [r["name"] for r in api.ok("GET", url)["roles"]]
        assert names == ["Admin", "Op", "Public", "Team", "User", "Viewer"]
        assert api.ok("PATCH", f"{url}/Team", json={"name": "Crew", "actions": []}) == {
            "name": "Crew",
            "actions": [],
        }
        api.ok("PATCH", f"{url}/Admin", json={"name": "Admin", "actions": []}, status=403)
        api.ok("DELETE", f"{url}/Admin", status=403)
        api.ok("DELETE", f"{url}/Crew")
        pairs = api.ok("GET", f"{api.origin}/auth/fab/v1/permissions?limit=1000")
        assert pairs["total_entries"] > len(pairs["actions"]) == 100


class TestAuditLog:
    def test_logins_and_changes_are_told_without_secrets(self, api: Api) -> None:
        browser(api)
        wrong = {"username": "uma", "password": "wr0ng"}
        api.post(f"{api.origin}/auth/token", json=wrong)
        api.post(f"{api.origin}/auth/token", json={**wrong, "username": "pa55word"})
        api.ok(
            "PATCH",
            f"{api.origin}/auth/fab/v1/users/uma",
            json={"first_name": "Una", "password": "geheim"},
        )
        log = api.ok("GET", "/eventLogs?limit=100")["event_logs"]
        by_event = {entry["event"]: entry for entry in log}
        assert by_event["login"]["owner"] == "uma"
        assert [e["owner"] for e in log if e["event"] == "failed_login"] == ["uma", None]
        extra = by_event["patch_user"]["extra"]
        assert '"before":{"first_name":"uma"},"after":{"first_name":"Una"}' in extra.replace(
            ", ", ","
        ).replace(": ", ":")
        for secret in ("wr0ng", "pa55word", "geheim", ensure_logins()["uma"]):
            assert secret not in str(log)

    def test_bulk_changes_say_what_was_and_what_is(self, api: Api) -> None:
        create = {"action": "create", "entities": [{"name": "p", "slots": 1}]}
        change = {"action": "update", "entities": [{"name": "p", "slots": 2}]}
        delete = {"action": "delete", "entities": ["p"]}
        for action in (create, change, delete):
            api.ok("PATCH", "/pools", json={"actions": [action]})
        log = api.ok("GET", "/eventLogs?event=bulk_pools&order_by=id")["event_logs"]
        told = [json.loads(entry["extra"])["changes"]["p"] for entry in log]
        assert told[0]["after"]["slots"] == 1
        assert told[1] == {"before": {"slots": 1}, "after": {"slots": 2}}
        assert told[2]["before"]["slots"] == 2

    def test_a_new_value_is_told_as_such(self, api: Api) -> None:
        api.ok("POST", "/variables", json={"key": "k", "value": "0ne"}, status=201)
        api.ok("PATCH", "/variables/k", json={"key": "k", "value": "tw0"})
        api.ok("PATCH", "/variables", json={"actions": [{"action": "delete", "entities": ["k"]}]})
        log = api.ok("GET", "/eventLogs?limit=100")["event_logs"]
        (patched,) = (e for e in log if e["event"] == "patch_variable")
        assert json.loads(patched["extra"])["after"] == {"value": "*** (changed)"}
        assert "0ne" not in str(log)
        assert "tw0" not in str(log)

    def test_what_is_very_long_is_still_json(self, api: Api) -> None:
        names = [f"nothing-{i:04d}-{'x' * 90}" for i in range(200)]
        action = {"action": "delete", "entities": names, "action_on_non_existence": "fail"}
        api.ok("PATCH", "/pools", json={"actions": [action]})
        (entry,) = api.ok("GET", "/eventLogs?event=bulk_pools")["event_logs"]
        assert json.loads(entry["extra"])["too_long"] > 15_000


def test_every_answer_has_careful_headers(api: Api) -> None:
    for path in ("/api/v2/dags", "/api/v2/version", "/nothing", "/openapi.json", "/auth/login"):
        headers = api.get(api.origin + path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["referrer-policy"] in ("same-origin", "no-referrer")
    assert api.get("/dags").headers["cache-control"] == "no-store"
