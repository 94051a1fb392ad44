"""Variables, connections, pools and XComs: written, masked, in bulk; what is wrong is told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.api.running import Api

from slipstream.store import Store, connection, inbox, variable

XCOMS = "/dags/sales/dagRuns/done/taskInstances/extract/xcomEntries"


class TestVariables:
    def test_values_come_back_as_text(self, api: Api) -> None:
        for value, text in (("x", "x"), (1, "1"), ({"a": 1}, '{"a": 1}'), (None, "null")):
            api.ok("POST", "/variables", json={"key": "k", "value": value}, status=201)
            assert api.ok("GET", "/variables/k")["value"] == text
            api.ok("DELETE", "/variables/k", status=204)

    def test_secrets_are_masked_by_name(self, api: Api, store: Store) -> None:
        api.ok("POST", "/variables", json={"key": "secret_pw", "value": "abc"}, status=201)
        nested = {"key": "k", "value": {"a": [{"api_key": "abc"}], "b": 1}}
        api.ok("POST", "/variables", json=nested, status=201)
        assert "abc" not in api.get("/variables").text
        assert "abc" not in api.get("/eventLogs").text
        assert api.ok("GET", "/variables/k")["value"] == '{"a": [{"api_key": "***"}], "b": 1}'
        with store.read() as conn:
            row = variable.get(conn, "secret_pw")
        assert row is not None
        assert row.value == "abc"

    def test_more_names_can_be_made_secret(self, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AIRFLOW__CORE__SENSITIVE_VAR_CONN_NAMES", "color, shape")
        api.ok("POST", "/variables", json={"key": "my_Color", "value": "abc"}, status=201)
        assert api.ok("GET", "/variables/my_Color")["value"] == "***"

    def test_a_second_of_the_same_key_is_a_conflict(self, api: Api) -> None:
        api.ok("POST", "/variables", json={"key": "k", "value": "1"}, status=201)
        reply = api.post("/variables", json={"key": "k", "value": "2"})
        assert reply.status_code == 409
        assert reply.json() == {"detail": "Variable 'k' exists already."}

    def test_patches_change_what_the_mask_names(self, api: Api) -> None:
        given = {"key": "k", "value": "1", "description": "d"}
        api.ok("POST", "/variables", json=given, status=201)
        body = {"key": "k", "value": "2", "description": "e"}
        changed = api.ok("PATCH", "/variables/k?update_mask=description", json=body)
        assert (changed["value"], changed["description"]) == ("1", "e")
        changed = api.ok("PATCH", "/variables/k", json={"key": "k", "value": "3"})
        assert (changed["value"], changed["description"]) == ("3", "e")
        assert api.patch("/variables/k", json={"key": "x", "value": "3"}).status_code == 400
        assert api.patch("/variables/x", json={"key": "x", "value": "3"}).status_code == 404

    def test_a_description_is_taken_away(self, api: Api) -> None:
        given = {"key": "k", "value": "1", "description": "d"}
        bare = {"key": "k", "value": "1", "description": None}
        for path in ("/variables/k", "/variables/k?update_mask=description"):
            api.ok("POST", "/variables", json=given, status=201)
            assert api.ok("PATCH", path, json=bare)["description"] is None
            api.ok("DELETE", "/variables/k", status=204)
        api.ok("POST", "/variables", json=given, status=201)
        action = {"action": "create", "entities": [bare], "action_on_existence": "overwrite"}
        api.ok("PATCH", "/variables", json={"actions": [action]})
        assert api.ok("GET", "/variables/k")["description"] is None

    def test_masks_that_come_back_keep_the_secrets(self, api: Api, store: Store) -> None:
        api.ok("POST", "/variables", json={"key": "api_key", "value": "geheim"}, status=201)
        value = '{"n": 1, "of": [{"token": "geheim"}]}'
        api.ok("POST", "/variables", json={"key": "plain", "value": value}, status=201)
        for key in ("api_key", "plain"):
            shown = api.ok("GET", f"/variables/{key}")
            assert "geheim" not in shown["value"]
            text = shown["value"].replace('"n": 1', '"n": 2')
            api.ok("PATCH", f"/variables/{key}", json={"key": key, "value": text})
        with store.read() as conn:
            kept = {row.key: row.value for row in variable.list_all(conn)}
        assert kept == {"api_key": "geheim", "plain": value.replace("1", "2", 1)}

    def test_what_no_key_decrypts_is_shown_replaced_and_deleted_but_not_lost(
        self, api: Api, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for key in ("a", "b"):
            api.ok("POST", "/variables", json={"key": key, "value": "1"}, status=201)
        monkeypatch.setenv(
            "AIRFLOW__CORE__FERNET_KEY", "c2xpcHN0cmVhbS10ZXN0LWZlcm5ldC1rZXktMzJieT0="
        )
        assert api.ok("GET", "/variables/a")["value"] is None
        only = {"key": "a", "value": None, "description": "d"}
        assert api.patch("/variables/a?update_mask=description", json=only).status_code == 400
        assert api.ok("PATCH", "/variables/a", json={"key": "a", "value": "2"})["value"] == "2"
        api.ok("DELETE", "/variables/b", status=204)

    def test_there_are_no_teams(self, api: Api) -> None:
        reply = api.post("/variables", json={"key": "k", "value": "1", "team_name": "t"})
        assert reply.status_code == 422

    def test_keys_may_be_odd(self, api: Api) -> None:
        for key in ("a b", "../x", "a/b", "<script>", "'; DROP TABLE variable; --", "ключ", "%25"):
            api.ok("POST", "/variables", json={"key": key, "value": "1"}, status=201)
        found = api.ok("GET", "/variables")
        assert found["total_entries"] == 7
        assert api.ok("GET", "/variables/..%2Fx")["key"] == "../x"
        api.ok("DELETE", "/variables/a%2Fb", status=204)

    def test_bulk_actions_report_each_outcome(self, api: Api) -> None:
        def bulk(*actions: dict[str, object]) -> dict[str, object]:
            found: dict[str, object] = api.ok("PATCH", "/variables", json={"actions": actions})
            return found

        entities = [{"key": "a", "value": "1"}, {"key": "b", "value": "1"}]
        assert bulk({"action": "create", "entities": entities[:1]})["create"] == {
            "success": ["a"],
            "errors": [],
        }
        failed = bulk({"action": "create", "entities": entities})["create"]
        assert failed == {
            "success": [],
            "errors": [
                {
                    "error": "These variables exist already: 'a'.",
                    "status_code": 409,
                }
            ],
        }
        skip = {"action": "create", "entities": entities, "action_on_existence": "skip"}
        assert bulk(skip)["create"] == {"success": ["b"], "errors": []}
        both = bulk(
            {"action": "update", "entities": [{"key": "a", "value": "9"}]},
            {"action": "delete", "entities": ["b", "zz"]},
            {"action": "delete", "entities": ["b", "zz"], "action_on_non_existence": "skip"},
        )
        assert both["update"] == {"success": ["a"], "errors": []}
        assert both["delete"]["success"] == ["b"]  # type: ignore[index]
        assert both["delete"]["errors"][0]["status_code"] == 404  # type: ignore[index]
        assert api.ok("GET", "/variables/a")["value"] == "9"


class TestConnections:
    GIVEN = {
        "connection_id": "c1",
        "conn_type": "http",
        "host": "h",
        "login": "l",
        "password": "hunter2",
        "extra": '{"token": "hunter2", "a": 1}',
    }

    def test_no_reply_holds_a_secret(self, api: Api) -> None:
        made = api.ok("POST", "/connections", json=self.GIVEN, status=201)
        assert (made["password"], made["extra"]) == ("***", '{"token": "***", "a": 1}')
        for path in ("/connections", "/connections/c1", "/eventLogs"):
            assert "hunter2" not in api.get(path).text

    def test_patches_keep_what_they_leave_out(self, api: Api) -> None:
        api.ok("POST", "/connections", json=self.GIVEN, status=201)
        body = {"connection_id": "c1", "conn_type": "http", "host": "other", "login": "z"}
        changed = api.ok("PATCH", "/connections/c1?update_mask=host", json=body)
        assert (changed["host"], changed["login"]) == ("other", "l")
        assert changed["password"] == "***"
        body = {"connection_id": "c1", "conn_type": "ssh", "password": "***", "schema": "s"}
        changed = api.ok("PATCH", "/connections/c1", json=body)
        assert (changed["conn_type"], changed["schema"]) == ("ssh", "s")
        assert (changed["password"], changed["login"]) == ("***", "l")

    @pytest.mark.parametrize(
        "wrong",
        [
            {"connection_id": "a b"},
            {"connection_id": "x" * 201},
            {"connection_id": ""},
            {"extra": "no json"},
            {"extra": "[1]"},
            {"port": "many"},
            {"port": 2**40},
            {"unknown": 1},
        ],
    )
    def test_wrong_ones_are_refused(self, shared: Api, wrong: dict[str, object]) -> None:
        assert shared.post("/connections", json={**self.GIVEN, **wrong}).status_code == 422

    def test_conflicts_and_missing_ones_are_told(self, api: Api) -> None:
        api.ok("POST", "/connections", json=self.GIVEN, status=201)
        reply = api.post("/connections", json=self.GIVEN)
        assert reply.status_code == 409
        assert reply.json()["detail"]["reason"] == "Unique constraint violation"
        assert api.get("/connections/zz").json() == {"detail": "There is no connection 'zz'."}
        assert api.patch("/connections/zz", json=self.GIVEN).status_code == 400
        api.ok("DELETE", "/connections/c1", status=204)
        assert api.delete("/connections/c1").status_code == 404

    def test_testing_is_off(self, api: Api) -> None:
        given = {"connection_id": "c1", "conn_type": "http"}
        reply = api.post("/connections/test", json=given)
        assert reply.status_code == 403
        assert "cannot be tested here" in reply.json()["detail"]

    def test_masks_that_come_back_keep_the_secrets(self, api: Api, store: Store) -> None:
        extra = '{"token": "geheim", "n": 1}'
        given = {"connection_id": "c1", "conn_type": "x", "password": "pw", "extra": extra}
        shown = api.ok("POST", "/connections", json=given, status=201)
        assert "geheim" not in shown["extra"]
        api.ok("PATCH", "/connections/c1", json={**shown, "host": "h"})
        with store.read() as conn:
            row = connection.get(conn, "c1")
        assert row is not None
        assert (row.password, row.extra, row.host) == ("pw", extra, "h")
        changed = shown["extra"].replace("1", "2")
        api.ok("PATCH", "/connections/c1", json={**shown, "extra": changed})
        with store.read() as conn:
            row = connection.get(conn, "c1")
        assert row is not None
        assert row.extra == extra.replace("1", "2")

    def test_a_test_runs_the_hook_in_another_process(
        self, api: Api, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("AIRFLOW__CORE__TEST_CONNECTION", "Enabled")
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        info = tmp_path / "shop_provider-1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shop-provider\nVersion: 1\n")
        (info / "entry_points.txt").write_text(
            "[apache_airflow_provider]\nprovider_info = shop_provider:info\n"
        )
        (tmp_path / "shop_provider.py").write_text(PROVIDER)
        given = {"connection_id": "c1", "conn_type": "shop", "password": "geheim", "host": "h"}
        api.ok("POST", "/connections", json=given, status=201)
        told = api.ok("POST", "/connections/test", json={**given, "password": "***"})
        assert told["status"] is True
        host, password, pid = told["message"].split()
        assert (host, password) == ("h", "***"), "secrets do not come back"
        assert int(pid) != os.getpid()
        told = api.ok("POST", "/connections/test", json={**given, "password": "other"})
        assert (told["status"], told["message"]) == (False, "wrong password")
        told = api.ok("POST", "/connections/test", json={**given, "conn_type": "unknown"})
        assert told["status"] is False
        assert "install the provider package" in told["message"]


PROVIDER = """
import os
from airflow.hooks.base import BaseHook

def info():
    kinds = [{"connection-type": "shop", "hook-class-name": "shop_provider.ShopHook"}]
    return {"package-name": "shop-provider", "connection-types": kinds}

class ShopHook(BaseHook):
    conn_name_attr = "shop_conn_id"
    def __init__(self, shop_conn_id):
        self.id = shop_conn_id
    def test_connection(self):
        print("noise")
        found = self.get_connection(self.id)
        if found.password != "geheim":
            return False, "wrong password"
        return True, f"{found.host} {found.password} {os.getpid()}"
"""


class TestPools:
    def test_changes_reach_the_scheduler(self, api: Api, store: Store) -> None:
        api.ok("POST", "/pools", json={"name": "p", "slots": 2}, status=201)
        with store.read() as conn:
            assert [m.kind for m in inbox.take(conn, "scheduler", 9)] == ["pool_changed"]

    def test_the_default_pool_stays(self, api: Api) -> None:
        reply = api.delete("/pools/default_pool")
        assert (reply.status_code, reply.json()["detail"]) == (
            400,
            "default_pool stays: tasks that name no pool run in it.",
        )
        slots = api.ok("PATCH", "/pools/default_pool?update_mask=slots", json={"slots": 64})
        assert (slots["slots"], slots["description"]) == (64, "Default pool")
        reply = api.patch("/pools/default_pool", json={"description": "x"})
        assert reply.status_code == 400

    def test_patches_conflicts_and_names(self, api: Api) -> None:
        api.ok("POST", "/pools", json={"name": "a/b", "slots": -1}, status=201)
        assert api.ok("GET", "/pools/a%2Fb")["open_slots"] == -1
        changed = api.ok("PATCH", "/pools/a%2Fb", json={"pool": "a/b", "slots": 7})
        assert changed["slots"] == 7
        assert api.patch("/pools/a%2Fb", json={"pool": "c", "slots": 7}).status_code == 400
        assert api.post("/pools", json={"name": "a/b", "slots": 1}).status_code == 409
        assert api.post("/pools", json={"name": "p", "slots": -2}).status_code == 422
        assert api.patch("/pools/a%2Fb", json={"slots": None}).status_code == 422
        api.ok("DELETE", "/pools/a%2Fb", status=204)
        assert api.get("/pools/a%2Fb").status_code == 404


class TestXComs:
    def test_they_are_written_once_changed_and_deleted(self, filled: Api) -> None:
        given = {"key": "k/1", "value": {"a": [1, None]}}
        filled.ok("POST", XCOMS, json=given, status=201)
        reply = filled.post(XCOMS, json=given)
        assert reply.status_code == 409
        assert "has an XCom 'k/1' in this run already" in reply.json()["detail"]
        assert filled.ok("PATCH", f"{XCOMS}/k/1", json={"value": 2})["value"] == 2
        filled.ok("DELETE", f"{XCOMS}/k/1", status=204)
        for method in ("GET", "DELETE"):
            assert filled.request(method, f"{XCOMS}/k/1").status_code == 404

    def test_they_are_listed_anywhere(self, shared: Api) -> None:
        anywhere = "/dags/~/dagRuns/~/taskInstances/~/xcomEntries"
        assert shared.ok("GET", f"{anywhere}?xcom_key_pattern=return")["total_entries"] == 1
        assert shared.ok("GET", f"{anywhere}?xcom_key=nope")["total_entries"] == 0

    def test_text_is_asked_for(self, shared: Api) -> None:
        assert shared.ok("GET", f"{XCOMS}/return_value")["value"] == {"rows": 3}
        text = shared.ok("GET", f"{XCOMS}/return_value?stringify=true")["value"]
        assert text == "{'rows': 3}"

    @pytest.mark.parametrize(
        ("path", "told"),
        [
            (XCOMS.replace("sales", "no"), "There is no DAG 'no'."),
            (XCOMS.replace("done", "no"), "DAG 'sales' has no run 'no'."),
            (XCOMS.replace("extract", "no"), "DAG 'sales' has no task 'no'."),
        ],
    )
    def test_what_they_belong_to_must_be_there(self, shared: Api, path: str, told: str) -> None:
        reply = shared.post(path, json={"key": "k", "value": 1})
        assert (reply.status_code, reply.json()) == (404, {"detail": told})


def test_default_connections_are_created_once(api: Api) -> None:
    given = {"connection_id": "http_default", "conn_type": "http", "host": "ours"}
    api.ok("POST", "/connections", json=given, status=201)
    for _ in range(2):
        api.ok("POST", "/connections/defaults", status=204)
    assert api.ok("GET", "/connections/http_default")["host"] == "ours"
    assert api.ok("GET", "/connections/aws_default")["conn_type"] == "aws"
    assert api.ok("GET", "/connections", params={"limit": 1})["total_entries"] == 62
