"""DAGs, their files and versions, through the API."""

from __future__ import annotations

import json

import pytest
from tests.api.build import START
from tests.api.running import Api

from slipstream.machine.decision import Decision, TaskInstanceChange
from slipstream.machine.event import TIKey
from slipstream.store import Store, decision, inbox, run


def test_dags_are_filtered_and_ordered(shared: Api) -> None:
    def found(query: str) -> list[str]:
        return [dag["dag_id"] for dag in shared.ok("GET", f"/dags?{query}")["dags"]]

    assert found("") == ["quiet", "sales"]
    assert found("order_by=-dag_id") == ["sales", "quiet"]
    assert found("paused=true") == ["quiet"]
    assert found("tags=etl&tags=nope") == ["sales"]
    assert found("tags=etl&tags=nope&tags_match_mode=all") == []
    assert found("dag_id_pattern=SAL") == ["sales"]
    assert found("dag_display_name_pattern=of the day") == ["sales"]
    assert found("last_dag_run_state=queued") == ["sales"]
    assert found("dag_run_state=success") == ["sales"]
    assert found("dag_run_start_date_gte=2027-01-01T00:00:00Z") == []
    assert found("limit=0") == []
    assert found("offset=1") == ["sales"]


def test_a_page_is_cut_at_the_most_that_is_allowed(shared: Api) -> None:
    reply = shared.ok("GET", "/dags?limit=100000")
    assert reply["total_entries"] == 2


def test_pausing_tells_the_scheduler_and_the_audit_log(filled: Api, store: Store) -> None:
    dag = filled.ok("PATCH", "/dags/quiet?update_mask=is_paused", json={"is_paused": False})
    assert dag["is_paused"] is False
    log = filled.ok("GET", "/eventLogs?event=patch_dag")["event_logs"]
    assert [(e["dag_id"], e["owner"]) for e in log] == [("quiet", "admin")]
    assert json.loads(log[0]["extra"]) == {
        "is_paused": False,
        "before": {"is_paused": True},
        "after": {"is_paused": False},
    }


def test_only_pausing_can_be_patched(filled: Api) -> None:
    reply = filled.patch("/dags/quiet?update_mask=owners", json={"is_paused": True})
    assert reply.status_code == 400
    assert "is_paused" in reply.json()["detail"]


def test_many_dags_are_paused_by_pattern_and_none_without(filled: Api) -> None:
    assert filled.ok("PATCH", "/dags", json={"is_paused": True})["total_entries"] == 0
    paused = filled.ok("PATCH", "/dags?dag_id_pattern=%25", json={"is_paused": True})
    assert [d["is_paused"] for d in paused["dags"]] == [True, True]


def test_a_deleted_dag_is_gone_with_its_runs(filled: Api, store: Store) -> None:
    filled.ok("DELETE", "/dags/sales", status=204)
    assert filled.get("/dags/sales").status_code == 404
    assert filled.ok("GET", "/dags/~/dagRuns")["total_entries"] == 0
    assert filled.delete("/dags/sales").json() == {"detail": "There is no DAG 'sales'."}
    with store.read() as conn:
        told = inbox.take(conn, "scheduler", 10)
    assert ("dag_changed", "sales") in [(m.kind, m.dag_id) for m in told]


def test_details_come_from_the_file(shared: Api) -> None:
    details = shared.ok("GET", "/dags/sales/details")
    assert details["doc_md"] == "# Sales"
    assert details["owners"] == ["ann", "bob"]
    assert details["params"]["n"]["value"] == 3
    assert details["default_args"] == {"retries": 1, "retry_delay": "PT5M"}
    assert details["active_runs_count"] == 0, "what is queued is not active yet"
    assert details["timetable_periodic"] is True
    assert details["is_backfillable"] is True
    quiet = shared.ok("GET", "/dags/quiet/details")
    assert quiet["is_backfillable"] is False
    assert quiet["default_args"] == {}, "a spec without them, as older versions stored it"


def test_tasks_have_the_defaults_that_the_spec_leaves_out(shared: Api) -> None:
    task = shared.ok("GET", "/dags/sales/tasks/tell")
    inherited = {"value": 3, "schema": {"type": "integer"}, "description": None, "source": "dag"}
    assert task["params"] == {"n": inherited}
    assert task["retries"] == 0.0
    assert task["owner"] == "airflow"
    assert task["trigger_rule"] == "all_success"
    assert task["start_date"] == "2026-01-01T00:00:00Z"
    assert task["retry_delay"]["seconds"] == 300
    by_name = shared.ok("GET", "/dags/sales/tasks?order_by=-task_id")["tasks"]
    assert [t["task_id"] for t in by_name] == ["tell", "load", "extract"]
    assert [t["task_id"] for t in shared.ok("GET", "/dags/quiet/tasks")["tasks"]] == ["a", "b"]
    by_retries = shared.ok("GET", "/dags/sales/tasks?order_by=-retries")["tasks"]
    assert by_retries[0]["task_id"] == "extract"
    assert shared.get("/dags/sales/tasks?order_by=nope").status_code == 400


def test_dags_are_not_filtered_by_what_is_no_state(shared: Api) -> None:
    assert shared.ok("GET", "/dags?dag_run_state=success")["total_entries"] == 1
    assert shared.get("/dags?dag_run_state=nope").status_code == 422


def test_sources_come_as_json_or_text(shared: Api) -> None:
    assert shared.ok("GET", "/dagSources/sales")["content"] == "# sales\n"
    text = shared.get("/dagSources/sales", headers={"Accept": "text/plain"})
    assert text.text == "# sales\n"
    assert shared.get("/dagSources/sales", headers={"Accept": "text/html"}).status_code == 406


def test_a_file_is_parsed_again_on_demand(filled: Api, store: Store) -> None:
    token = filled.ok("GET", "/dags/sales")["file_token"]
    filled.ok("PUT", f"/parseDagFile/{token}", status=201)
    with store.read() as conn:
        told = inbox.take(conn, "dag_processor", 10)
    assert [(m.kind, m.payload["relative_fileloc"]) for m in told] == [("reparse", "sales.py")]
    for forged in (token[:-1] + ("A" if token[-1] != "A" else "B"), "x", "x.y", "é.é"):
        assert filled.put(f"/parseDagFile/{forged}").status_code == 404


def test_a_dag_with_a_running_task_is_not_deleted(filled: Api, store: Store) -> None:
    with store.read() as conn:
        row = run.get(conn, "sales", "waiting")
    assert row is not None
    key = TIKey("extract")
    running = Decision()
    running.changes[key] = TaskInstanceChange(key, {"state": "running"})
    store.write(decision.save, [(row.id, running)], [], START)
    reply = filled.delete("/dags/sales")
    assert (reply.status_code, "has tasks running" in reply.text) == (409, True)
    filled.ok("GET", "/dags/sales")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"is_favorite": "true"}, []),
        ({"is_favorite": "false"}, ["quiet", "sales"]),
        ({"has_asset_schedule": "true"}, []),
        ({"has_asset_schedule": "false"}, ["quiet", "sales"]),
        ({"asset_dependency": "x"}, []),
        ({"timetable_type": "CronTriggerTimetable"}, ["sales"]),
        ({"timetable_type": ["CronTriggerTimetable", "NullTimetable"]}, ["quiet", "sales"]),
        ({"timetable_type": "my.Timetable"}, []),
    ],
)
def test_dags_are_found_by_their_schedule(
    filled: Api, query: dict[str, str | list[str]], found: list[str]
) -> None:
    dags = filled.ok("GET", "/dags", params=query)["dags"]
    assert [each["dag_id"] for each in dags] == found


def test_favorites_are_each_persons_own(filled: Api) -> None:
    vera = filled.as_user("vera")
    vera.ok("POST", "/dags/sales/favorite", status=204)
    vera.ok("POST", "/dags/sales/favorite", status=204)
    ids = [d["dag_id"] for d in vera.ok("GET", "/dags?is_favorite=true")["dags"]]
    assert ids == ["sales"]
    others = [d["dag_id"] for d in vera.ok("GET", "/dags?is_favorite=false")["dags"]]
    assert "sales" not in others
    assert others
    assert vera.ok("GET", "/dags/sales/details")["is_favorite"] is True
    assert filled.ok("GET", "/dags/sales/details")["is_favorite"] is False
    assert filled.ok("GET", "/dags?is_favorite=true")["dags"] == []
    vera.ok("POST", "/dags/sales/unfavorite", status=204)
    assert (
        "none of your favorites" in vera.ok("POST", "/dags/sales/unfavorite", status=409)["detail"]
    )
    vera.ok("POST", "/dags/nowhere/favorite", status=404)
    vera.ok("POST", "/dags/nowhere/unfavorite", status=404)
