"""Runs: trigger, patch, clear, delete, wait."""

from __future__ import annotations

import json

import pytest
from tests.api.build import START
from tests.api.running import Api

from slipstream.machine.decision import Decision
from slipstream.state import DagRunState
from slipstream.store import Store, decision, run

RUNS = "/dags/sales/dagRuns"


def test_a_run_without_a_date_gets_an_id_of_its_own(filled: Api) -> None:
    run = filled.ok("POST", RUNS, json={"logical_date": None})
    assert run["dag_run_id"].startswith("manual__")
    assert run["logical_date"] is None
    assert run["data_interval_start"] is None
    assert run["triggering_user_name"] == "admin"
    assert run["triggered_by"] == "rest_api"


def test_a_run_with_a_date_has_an_interval(filled: Api) -> None:
    given = {"logical_date": "2026-02-03T01:00:00+01:00", "dag_run_id": "mine"}
    run = filled.ok("POST", RUNS, json=given)
    assert run["logical_date"] == "2026-02-03T00:00:00Z"
    assert run["data_interval_start"] is not None


@pytest.mark.parametrize(
    "given",
    [
        {"logical_date": None, "dag_run_id": "done"},
        {"logical_date": "2026-02-01T00:00:00Z", "dag_run_id": "another"},
    ],
)
def test_a_second_of_the_same_name_or_date_is_a_conflict(
    filled: Api, given: dict[str, object]
) -> None:
    filled.ok("POST", RUNS, json={"logical_date": "2026-02-01T00:00:00Z", "dag_run_id": "first"})
    reply = filled.post(RUNS, json=given)
    assert reply.status_code == 409
    detail = reply.json()["detail"]
    assert detail["reason"] == "Unique constraint violation"
    assert "already has" in detail["message"]


@pytest.mark.parametrize(
    ("given", "status", "told"),
    [
        ({}, 422, "logical_date"),
        ({"logical_date": "2026-01-01T00:00:00"}, 422, "timezone"),
        ({"logical_date": None, "x": 1}, 422, "Extra inputs"),
        ({"logical_date": None, "conf": [1]}, 422, "valid dictionary"),
        ({"logical_date": None, "conf": {"n": "many"}}, 400, "n"),
        ({"logical_date": None, "dag_run_id": "a/../b"}, 400, ".."),
        ({"logical_date": None, "dag_run_id": "a b"}, 400, "a b"),
        ({"logical_date": None, "dag_run_id": "x" * 251}, 422, "250"),
        ({"logical_date": None, "note": "x" * 1001}, 422, "1000"),
        (
            {"logical_date": None, "dag_run_id": "scheduled__2026-01-01T00:00:00+00:00"},
            400,
            "reserved",
        ),
        (
            {"logical_date": "2026-02-02T00:00:00Z", "data_interval_start": "2026-02-02T00:00:00Z"},
            422,
            "data_interval_end",
        ),
    ],
)
def test_wrong_triggers_are_refused_with_the_reason(
    shared: Api, given: dict[str, object], status: int, told: str
) -> None:
    reply = shared.post(RUNS, json=given)
    assert reply.status_code == status, reply.text
    assert told in reply.text


def test_notes_and_states_are_patched_as_masked(filled: Api) -> None:
    path = f"{RUNS}/waiting"
    assert filled.ok("PATCH", path, json={"note": "n"})["note"] == "n"
    masked = filled.ok("PATCH", f"{path}?update_mask=state", json={"note": "m", "state": "failed"})
    assert (masked["note"], masked["state"]) == ("n", "failed")
    assert filled.ok("PATCH", path, json={"note": None})["note"] is None
    assert filled.ok("PATCH", path, json={"state": "queued"})["state"] == "queued"
    assert filled.patch(path, json={"state": "running"}).status_code == 422


def test_clearing_shows_first_and_acts_when_told(filled: Api) -> None:
    path = f"{RUNS}/done"
    would = filled.ok("POST", f"{path}/clear", json={})
    assert set(would) == {"task_instances", "total_entries"}
    assert filled.ok("GET", path)["state"] == "success"
    cleared = filled.ok("POST", f"{path}/clear", json={"dry_run": False, "note": "again"})
    assert (cleared["state"], cleared["note"]) == ("queued", "again")


def test_a_deleted_run_is_gone(filled: Api) -> None:
    filled.ok("DELETE", f"{RUNS}/done", status=204)
    reply = filled.delete(f"{RUNS}/done")
    assert reply.status_code == 404
    assert reply.json()["detail"] == "DAG 'sales' has no run 'done'."
    assert filled.delete(f"{RUNS}/~").status_code == 404


def test_waiting_ends_with_the_run_and_brings_results(shared: Api) -> None:
    reply = shared.get(f"{RUNS}/done/wait?interval=0.01&result=extract")
    lines = [json.loads(line) for line in reply.text.splitlines()]
    assert lines == [{"state": "success", "results": {"extract": {"rows": 3}}}]
    assert shared.get(f"{RUNS}/done/wait?interval=0").status_code == 422


def test_states_and_types_are_checked(shared: Api) -> None:
    reply = shared.get(f"{RUNS}?state=bogus")
    assert reply.status_code == 422
    assert reply.json() == {
        "detail": "'bogus' is no state: it is one of queued, running, success, failed."
    }
    assert "'x' is no run type" in shared.get(f"{RUNS}?run_type=x").json()["detail"]
    assert shared.ok("GET", f"{RUNS}?state=queued&state=failed")["total_entries"] == 1


def test_batches_filter_like_queries(shared: Api) -> None:
    def found(given: dict[str, object]) -> list[str]:
        reply = shared.ok("POST", "/dags/~/dagRuns/list", json=given)
        return [run["dag_run_id"] for run in reply["dag_runs"]]

    assert found({}) == ["done", "waiting"]
    assert found({"order_by": "-run_after", "page_limit": 1}) == ["waiting"]
    assert found({"states": ["success"]}) == ["done"]
    assert found({"dag_ids": ["quiet"]}) == []
    assert found({"duration_gte": 1}) == ["done"]
    assert shared.post("/dags/sales/dagRuns/list", json={}).status_code == 422


def test_a_running_run_is_not_deleted(filled: Api, store: Store) -> None:
    with store.read() as conn:
        row = run.get(conn, "sales", "waiting")
    assert row is not None
    running = Decision(run_state=DagRunState.RUNNING)
    running.run = {"state": "running"}
    store.write(decision.save, [(row.id, running)], [], START)
    reply = filled.delete(f"{RUNS}/waiting")
    assert (reply.status_code, "is running" in reply.text) == (409, True)
    filled.ok("PATCH", f"{RUNS}/waiting", json={"state": "failed"})
    filled.ok("DELETE", f"{RUNS}/waiting", status=204)


def test_several_runs_are_cleared_at_once(filled: Api) -> None:
    path = "/dags/sales/clearDagRuns"
    named = [{"dag_run_id": "done"}, {"dag_run_id": "done"}]
    dry = filled.ok("POST", path, json={"dag_runs": named})
    assert dry["total_entries"] == len(dry["task_instances"]) == 4
    assert filled.ok("GET", f"{RUNS}/done")["state"] == "success"
    cleared = filled.ok("POST", path, json={"dag_runs": named, "dry_run": False})
    assert [(r["dag_run_id"], r["state"]) for r in cleared["dag_runs"]] == [("done", "queued")]
    for url, body, status in (
        (path, {"dag_runs": [{"dag_run_id": "none"}]}, 404),
        (path, {"dag_runs": [{"dag_id": "quiet", "dag_run_id": "done"}]}, 400),
        ("/dags/~/clearDagRuns", {"dag_runs": named}, 400),
        (path, {"dag_runs": []}, 422),
    ):
        assert filled.post(url, json=body).status_code == status


def test_no_run_was_made_by_assets_or_is_of_a_partition(filled: Api) -> None:
    query = {"consuming_asset_pattern": "x"}
    assert filled.ok("GET", RUNS, params=query)["total_entries"] == 0
    query = {"partition_date_gte": "2026-01-01T00:00:00Z"}
    assert filled.ok("GET", "/dags/~/dagRuns", params=query)["total_entries"] == 0
    for reply in (
        filled.get(RUNS, params=query),
        filled.post(RUNS, json={"logical_date": None, "partition_key": "north"}),
    ):
        assert reply.status_code == 400
        assert "DAG 'sales' has no partitions" in reply.json()["detail"]
