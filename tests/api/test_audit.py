"""What the audit log says of changes to runs, task instances and XComs: what was, and what is."""

from __future__ import annotations

import json
from typing import Any

from tests.api.running import Api

RUN = "/dags/sales/dagRuns/done"
TIS = f"{RUN}/taskInstances"


def told(api: Api, event: str) -> list[dict[str, Any]]:
    """Return what is kept of the events of a kind, oldest first."""
    found = api.ok("GET", f"/eventLogs?event={event}&order_by=id")["event_logs"]
    return [json.loads(entry["extra"]) for entry in found]


def bulk(api: Api, path: str, action: str, entities: list[Any]) -> None:
    api.ok("PATCH", path, json={"actions": [{"action": action, "entities": entities}]})


def test_of_what_is_cleared_the_old_states_are_kept(filled: Api) -> None:
    given = {"dag_run_id": "done", "task_ids": ["load"], "only_failed": False, "dry_run": False}
    filled.ok("POST", "/dags/sales/clearTaskInstances", json=given)
    (entry,) = told(filled, "clear_task_instances")
    assert entry["before"] == {"load[0]": "success", "load[1]": "success"}
    filled.ok("PATCH", f"{TIS}/tell", json={"new_state": "failed"})
    filled.ok("POST", f"{RUN}/clear", json={"dry_run": False, "only_failed": True})
    (entry,) = told(filled, "clear_dag_run")
    assert entry["before"]["tell[-1]"] == "failed"
    assert "state" in entry["before"]


def test_of_several_runs_that_are_cleared_each_has_its_states(filled: Api) -> None:
    given = {"dag_runs": [{"dag_run_id": "done"}, {"dag_run_id": "waiting"}], "dry_run": False}
    filled.ok("POST", "/dags/sales/clearDagRuns", json=given)
    done, waiting = told(filled, "clear_dag_runs")
    assert done["before"]["state"] == "success"
    assert done["before"]["extract[-1]"] == "success"
    assert waiting["before"]["state"] == "queued"


def test_a_mark_tells_of_all_that_it_changed(filled: Api) -> None:
    given = {"new_state": "skipped", "include_downstream": True}
    filled.ok("PATCH", f"{TIS}/load/1", json=given)
    (entry,) = told(filled, "patch_task_instance")
    assert entry["before"] == {"load[1]": "success", "tell[-1]": "success"}
    assert entry["after"] == {"load[1]": "skipped", "tell[-1]": "skipped"}


def test_bulk_changes_of_task_instances_tell_of_each(filled: Api) -> None:
    bulk(filled, TIS, "update", [{"task_id": "tell", "new_state": "failed"}])
    bulk(filled, TIS, "delete", ["tell"])
    marked, deleted = told(filled, "bulk_task_instances")
    change = {"before": {"tell[-1]": "success"}, "after": {"tell[-1]": "failed"}}
    assert marked["changes"] == {"sales.done.tell[-1]": change}
    assert deleted["changes"] == {"sales.done.tell[-1]": {"before": {"tell[-1]": "failed"}}}
    filled.ok("DELETE", f"{TIS}/extract")
    assert told(filled, "delete_task_instance") == [{"before": {"extract[-1]": "success"}}]


def test_bulk_changes_of_runs_tell_of_each(filled: Api) -> None:
    bulk(filled, "/dags/sales/dagRuns", "update", [{"dag_run_id": "done", "note": "new"}])
    bulk(filled, "/dags/sales/dagRuns", "delete", ["done"])
    noted, deleted = told(filled, "bulk_dag_runs")
    change = {"before": {"note": "a note"}, "after": {"note": "new"}}
    assert noted["changes"] == {"sales.done": change}
    assert deleted["changes"]["sales.done"]["before"]["note"] == "new"


def test_bulk_changes_of_secrets_say_that_they_changed(filled: Api) -> None:
    for value in ("0ne", "tw0"):
        entities = [{"key": "k", "value": value}]
        action = {"action": "create", "entities": entities, "action_on_existence": "overwrite"}
        filled.ok("PATCH", "/variables", json={"actions": [action]})
    _, second = told(filled, "bulk_variables")
    assert second["changes"]["k"]["after"] == {"value": "*** (changed)"}
    assert "tw0" not in json.dumps(second)


def test_xcoms_tell_their_values_but_for_secrets(filled: Api) -> None:
    path = f"{TIS}/extract/xcomEntries/return_value"
    filled.ok("PATCH", path, json={"value": {"rows": 4, "token": "geheim"}})
    filled.ok("DELETE", path, status=204)
    (changed,), (deleted,) = (told(filled, f"{verb}_xcom_entry") for verb in ("update", "delete"))
    assert changed["before"] == {"value": {"rows": 3}}
    assert changed["after"] == {"value": {"rows": 4, "token": "***"}}
    assert deleted["before"] == changed["after"]
