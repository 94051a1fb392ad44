"""Many runs and task instances are changed at once, and single task instances deleted."""

from __future__ import annotations

from typing import Any

import pytest
from tests.api.running import Api
from tests.databases import DATABASES

from slipstream.machine.decision import Decision
from slipstream.state import DagRunState
from slipstream.store import Store, decision, run

RUN = "/dags/sales/dagRuns/done"
TIS = f"{RUN}/taskInstances"
RUNS = "/dags/sales/dagRuns"


@pytest.fixture(params=DATABASES)
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def bulk(api: Api, path: str, action: str, entities: list[Any], **more: Any) -> dict[str, Any]:
    """Carry out one action; return its outcome, insisting that the others have none."""
    given = {"actions": [{"action": action, "entities": entities, **more}]}
    outcome: dict[str, Any] = api.ok("PATCH", path, json=given)
    mine: dict[str, Any] = outcome.pop(action)
    assert list(outcome.values()) == [None, None]
    return mine


def keys(api: Api) -> list[tuple[str, int]]:
    listed = api.ok("GET", TIS)["task_instances"]
    return sorted((ti["task_id"], ti["map_index"]) for ti in listed)


def test_task_instances_are_marked_and_noted(filled: Api) -> None:
    entities = [
        {"task_id": "extract", "new_state": "failed", "note": "look"},
        {"task_id": "load", "map_index": 1, "new_state": "skipped"},
    ]
    assert bulk(filled, TIS, "update", entities) == {
        "success": ["sales.done.load[1]", "sales.done.extract[-1]"],
        "errors": [],
    }
    extract = filled.ok("GET", f"{TIS}/extract")
    assert (extract["state"], extract["note"]) == ("failed", "look")
    assert filled.ok("GET", f"{TIS}/load/1")["state"] == "skipped"
    assert filled.ok("GET", f"{TIS}/load/0")["state"] == "success"
    entities = [{"task_id": "extract", "new_state": "success", "note": "not this"}]
    bulk(filled, TIS, "update", entities, update_mask=["new_state"])
    extract = filled.ok("GET", f"{TIS}/extract")
    assert (extract["state"], extract["note"]) == ("success", "look")
    log = filled.ok("GET", "/eventLogs?event=bulk_task_instances")["event_logs"]
    assert [e["run_id"] for e in log] == ["done", "done"]


def test_what_is_no_change_stops_the_action(filled: Api) -> None:
    entities = [{"task_id": t, "new_state": "success"} for t in ("extract", "tell")]
    assert bulk(filled, TIS, "update", entities) == {
        "success": [],
        "errors": [
            {"error": "Nothing to change: extract is success already.", "status_code": 409},
        ],
    }


@pytest.mark.parametrize("action", ["update", "delete"])
def test_a_missing_task_instance_is_an_error_or_left_out(filled: Api, action: str) -> None:
    entities = [{"task_id": "load", "map_index": 7}, {"task_id": "load", "map_index": 1}]
    for entity in entities if action == "update" else []:
        entity["new_state"] = "failed"
    outcome = bulk(filled, TIS, action, entities)
    assert outcome["success"] == []
    (error,) = outcome["errors"]
    assert error["status_code"] == 404
    assert "{'dag_id': 'sales', 'dag_run_id': 'done', 'task_id': 'load'" in error["error"]
    outcome = bulk(filled, TIS, action, entities, action_on_non_existence="skip")
    assert outcome == {"success": ["sales.done.load[1]"], "errors": []}
    whole = [{"task_id": "nope"}]
    assert bulk(filled, TIS, action, whole)["errors"] == [
        {
            "error": "Run 'done' of DAG 'sales' has no task instance of 'nope'.",
            "status_code": 404,
        }
    ]


def test_task_instances_are_deleted_with_tries_and_xcoms(filled: Api) -> None:
    assert keys(filled) == [("extract", -1), ("load", 0), ("load", 1), ("tell", -1)]
    outcome = bulk(filled, TIS, "delete", ["extract", {"task_id": "load", "map_index": 0}])
    assert outcome == {"success": ["sales.done.load[0]", "sales.done.extract[-1]"], "errors": []}
    assert keys(filled) == [("load", 1), ("tell", -1)]
    assert filled.get(f"{TIS}/extract/tries").status_code == 404
    assert filled.get(f"{TIS}/extract/xcomEntries/return_value").status_code == 404
    assert filled.ok("GET", RUN)["state"] == "success"


def test_one_task_instance_is_deleted(filled: Api) -> None:
    missing = filled.delete(f"{TIS}/load")
    assert missing.status_code == 404
    assert "no task instance of 'load'." in missing.json()["detail"]
    assert filled.ok("DELETE", f"{TIS}/load?map_index=1") is None
    assert filled.ok("DELETE", f"{TIS}/extract") is None
    assert keys(filled) == [("load", 0), ("tell", -1)]
    assert filled.as_user("vera").delete(f"{TIS}/tell").status_code == 403


def test_a_run_that_is_cleared_has_deleted_ones_anew(filled: Api) -> None:
    bulk(filled, TIS, "delete", ["extract"])
    given = {"dag_run_id": "done", "dry_run": False, "only_failed": False, "task_ids": ["tell"]}
    filled.ok("POST", "/dags/sales/clearTaskInstances", json=given)
    extract = filled.ok("GET", f"{TIS}/extract")
    assert (extract["state"], extract["try_number"]) == (None, 0)


def test_task_instances_cannot_be_created(filled: Api) -> None:
    assert bulk(filled, TIS, "create", [{"task_id": "x"}])["errors"] == [
        {"error": "Task instances cannot be created: a run makes its own.", "status_code": 405}
    ]
    wrong = {"actions": [{"action": "update", "entities": [{"task_id": "x", "new_state": "no"}]}]}
    assert filled.patch(TIS, json=wrong).status_code == 422


def test_below_a_wildcard_each_task_instance_names_its_run(filled: Api) -> None:
    path = "/dags/~/dagRuns/~/taskInstances"
    outcome = bulk(filled, path, "delete", ["extract", {"task_id": "tell", "dag_id": "sales"}])
    assert [e["status_code"] for e in outcome["errors"]] == [400, 400]
    assert "an object instead of a string" in outcome["errors"][0]["error"]
    entity = {"task_id": "tell", "dag_id": "sales", "dag_run_id": "done", "note": "n"}
    assert bulk(filled, path, "update", [entity])["success"] == ["sales.done.tell[-1]"]


def test_runs_are_marked_and_noted(filled: Api) -> None:
    entities = [
        {"dag_run_id": "done", "state": "failed", "note": "look"},
        {"dag_run_id": "waiting", "note": "wait"},
    ]
    outcome = bulk(filled, RUNS, "update", entities)
    assert outcome == {"success": ["sales.done", "sales.waiting"], "errors": []}
    done = filled.ok("GET", RUN)
    assert (done["state"], done["note"]) == ("failed", "look")
    waiting = filled.ok("GET", f"{RUNS}/waiting")
    assert (waiting["state"], waiting["note"]) == ("queued", "wait")
    bulk(filled, RUNS, "update", [{"dag_run_id": "done", "note": ""}])
    assert filled.ok("GET", RUN)["note"] is None


def test_runs_are_deleted_unless_they_run(filled: Api, store: Store) -> None:
    with store.read() as conn:
        waiting = run.get(conn, "sales", "waiting")
    assert waiting is not None
    running = Decision(run={"start_date": waiting.run_after}, run_state=DagRunState.RUNNING)
    store.write(decision.save, [(waiting.id, running)], [], waiting.run_after)
    outcome = bulk(filled, RUNS, "delete", ["waiting", {"dag_run_id": "done"}])
    assert outcome["success"] == ["sales.done"]
    (error,) = outcome["errors"]
    assert (error["status_code"], error["error"]) == (
        409,
        "Run 'waiting' of DAG 'sales' is running: let it end or mark it as failed, then delete it.",
    )
    assert filled.get(RUN).status_code == 404


@pytest.mark.parametrize("action", ["update", "delete"])
def test_a_missing_run_is_an_error_or_left_out(filled: Api, action: str) -> None:
    entities = [{"dag_run_id": "no"}, {"dag_run_id": "done"}]
    assert bulk(filled, RUNS, action, entities) == {
        "success": [],
        "errors": [
            {
                "error": "These runs do not exist: [('sales', 'no')]",
                "status_code": 404,
            }
        ],
    }
    outcome = bulk(filled, RUNS, action, entities, action_on_non_existence="skip")
    assert outcome == {"success": ["sales.done"], "errors": []}


def test_below_a_wildcard_each_run_names_its_dag(filled: Api) -> None:
    outcome = bulk(filled, "/dags/~/dagRuns", "delete", ["done", {"dag_run_id": "done"}])
    start = "Run 'done' needs a dag_id of its own, for the path says ~: give "
    assert [e["error"] for e in outcome["errors"]] == [
        f"{start}an object instead of a string, with dag_id and dag_run_id.",
        f"{start}it dag_id and dag_run_id.",
    ]
    entity = {"dag_run_id": "done", "dag_id": "sales"}
    assert bulk(filled, "/dags/~/dagRuns", "delete", [entity])["success"] == ["sales.done"]


def test_runs_cannot_be_created_in_bulk(filled: Api) -> None:
    (error,) = bulk(filled, RUNS, "create", [{"dag_run_id": "x"}])["errors"]
    assert error["status_code"] == 405
    wrong = {"actions": [{"action": "update", "entities": ["done"]}]}
    assert filled.patch(RUNS, json=wrong).status_code == 422


def test_things_to_delete_are_named_by_key_or_as_entities(filled: Api) -> None:
    for name in ("a", "b"):
        filled.ok("POST", "/variables", json={"key": name, "value": 1}, status=201)
    outcome = bulk(filled, "/variables", "delete", ["a", {"key": "b", "value": 1}])
    assert outcome == {"success": ["a", "b"], "errors": []}
