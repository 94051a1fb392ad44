"""Task instances: read, patched, cleared, explained; their tries."""

from __future__ import annotations

import pytest
from tests.api.running import Api

TIS = "/dags/sales/dagRuns/done/taskInstances"
CLEAR = "/dags/sales/clearTaskInstances"


def keys(reply: dict[str, list[dict[str, object]]]) -> list[tuple[object, object]]:
    return [(ti["task_id"], ti["map_index"]) for ti in reply["task_instances"]]


def test_they_are_found_by_path_and_filter(shared: Api) -> None:
    assert ("load", 1) in keys(shared.ok("GET", TIS))
    assert keys(shared.ok("GET", f"{TIS}?task_id=extract")) == [("extract", -1)]
    assert keys(shared.ok("GET", f"{TIS}?task_group_id=middle&map_index=0")) == [("load", 0)]
    assert keys(shared.ok("GET", f"{TIS}?state=failed")) == []
    for name in ("task_display_name_pattern=load it", "task_display_name_prefix_pattern=Load i"):
        assert keys(shared.ok("GET", f"{TIS}?{name}")) == [("load", 0), ("load", 1)]
    anywhere = shared.ok("GET", "/dags/~/dagRuns/~/taskInstances?limit=100")
    assert anywhere["total_entries"] > len(shared.ok("GET", TIS)["task_instances"])
    of_dag = shared.ok("GET", "/dags/sales/dagRuns/~/taskInstances?state=none")
    assert of_dag["total_entries"] > 0


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (f"{TIS}/nope", "Run 'done' of DAG 'sales' has no task instance of 'nope'."),
        (f"{TIS}/extract/5", "no task instance of 'extract' with map_index 5."),
        (f"{TIS}/load", "mapped"),
        (f"{TIS}/extract/listMapped", "Task 'extract' is not mapped"),
        (f"{TIS}/nope/listMapped", "DAG 'sales' has no task 'nope'."),
        (f"{TIS}/nope/tries", "has no task instance of 'nope'."),
        (f"{TIS}/extract/tries/9", "no try 9 of task 'extract' with map_index -1."),
        (f"{TIS}/nope/explain", "nope"),
        ("/dags/sales/dagRuns/no/taskInstances", "DAG 'sales' has no run 'no'."),
        ("/dags/no/dagRuns/~/taskInstances", "There is no DAG 'no'."),
        (f"{TIS}?task_group_id=no", "has no task group 'no'."),
    ],
)
def test_what_is_not_there_is_told(shared: Api, path: str, told: str) -> None:
    reply = shared.get(path)
    assert reply.status_code == 404
    assert told in reply.json()["detail"]


def test_each_try_keeps_its_end(shared: Api) -> None:
    tries = shared.ok("GET", f"{TIS}/extract/tries")["task_instances"]
    assert [(t["try_number"], t["state"]) for t in tries] == [(1, "failed"), (2, "success")]
    first = shared.ok("GET", f"{TIS}/extract/tries/1")
    assert first["duration"] == 1.5
    assert first["hostname"] == "worker"


def test_a_mark_is_shown_first_and_then_made(filled: Api) -> None:
    path = f"{TIS}/extract"
    given = {"new_state": "failed"}
    assert keys(filled.ok("PATCH", f"{path}/dry_run", json=given)) == [("extract", -1)]
    assert filled.ok("GET", path)["state"] == "success"
    assert filled.ok("PATCH", path, json=given)["task_instances"][0]["state"] == "failed"
    again = filled.patch(path, json=given)
    assert again.status_code == 409
    assert again.json()["detail"] == "Nothing to change: extract is failed already."
    one = filled.ok("PATCH", f"{TIS}/load/1", json={"new_state": "skipped"})
    assert keys(one) == [("load", 1)]
    assert filled.patch(path, json={"new_state": "running"}).status_code == 422
    assert filled.patch(f"{TIS}/nope", json=given).status_code == 404
    assert filled.patch(f"{TIS}/load/7", json=given).status_code == 404


def test_a_mark_shows_what_it_names_and_a_dry_run_what_would_change(filled: Api) -> None:
    path, given = f"{TIS}/extract", {"new_state": "skipped", "include_downstream": True}
    would = filled.ok("PATCH", f"{path}/dry_run", json=given)
    assert {key[0] for key in keys(would)} == {"extract", "load", "tell"}
    assert keys(filled.ok("PATCH", path, json=given)) == [("extract", -1)]
    assert filled.ok("GET", f"{TIS}/tell")["state"] == "skipped"
    assert keys(filled.ok("PATCH", f"{path}/dry_run", json={"new_state": "skipped"})) == []
    assert filled.patch(path, json={"new_state": None}).status_code == 422


def test_a_run_is_not_looked_for_in_every_dag(shared: Api) -> None:
    assert shared.get("/dags/~/dagRuns/done/taskInstances").status_code == 400


def test_notes_are_kept(filled: Api) -> None:
    filled.ok("PATCH", f"{TIS}/extract", json={"note": "look here"})
    assert filled.ok("GET", f"{TIS}/extract")["note"] == "look here"
    filled.ok("PATCH", f"{TIS}/extract?update_mask=new_state", json={"note": "not this"})
    assert filled.ok("GET", f"{TIS}/extract")["note"] == "look here"


def test_a_task_group_is_marked_as_one(filled: Api) -> None:
    path = "/dags/sales/dagRuns/done/taskGroupInstances/middle"
    given = {"new_state": "failed"}
    assert len(keys(filled.ok("PATCH", f"{path}/dry_run", json=given))) == 2
    assert {t["state"] for t in filled.ok("PATCH", path, json=given)["task_instances"]} == {
        "failed"
    }


@pytest.mark.parametrize(
    ("given", "cleared"),
    [
        ({"only_failed": True}, []),
        ({"only_failed": False, "task_ids": ["tell"]}, [("tell", -1)]),
        ({"only_failed": False, "task_ids": [["load", 1]]}, [("load", 1)]),
        ({"only_failed": False, "task_ids": ["nope"]}, []),
        (
            {"only_failed": False, "task_ids": ["tell"], "include_upstream": True},
            [("extract", -1), ("load", 0), ("load", 1), ("tell", -1)],
        ),
    ],
)
def test_a_dry_run_shows_what_would_be_cleared(
    shared: Api, given: dict[str, object], cleared: list[tuple[str, int]]
) -> None:
    reply = shared.ok("POST", CLEAR, json={"dag_run_id": "done", **given})
    assert [k for k in sorted(keys(reply)) if k != ("load", -1)] == cleared


def test_clearing_runs_them_again(filled: Api) -> None:
    given = {"dag_run_id": "done", "dry_run": False, "only_failed": False, "task_ids": ["extract"]}
    assert filled.ok("POST", CLEAR, json=given)["total_entries"] == 1
    ti = filled.ok("GET", f"{TIS}/extract")
    assert ti["state"] in (None, "scheduled")
    assert filled.ok("GET", "/dags/sales/dagRuns/done")["state"] == "queued"
    tries = filled.ok("GET", f"{TIS}/extract/tries")["task_instances"]
    assert [(t["try_number"], t["state"]) for t in tries] == [(1, "failed"), (2, "success")]
    log = filled.ok("GET", "/eventLogs?event=clear_task_instances")["event_logs"]
    assert [e["run_id"] for e in log] == ["done"]


@pytest.mark.parametrize(
    ("given", "status", "told"),
    [
        ({"dag_run_id": "nope"}, 404, "DAG 'sales' has no run 'nope'."),
        ({"dag_run_id": "done", "include_past": True}, 400, "no logical date"),
        ({"only_failed": True, "only_running": True}, 422, "exclude each other"),
        ({"dag_run_id": "done", "task_ids": []}, 422, "at least 1 item"),
        (
            {"start_date": "2027-01-01T00:00:00Z", "end_date": "2026-01-01T00:00:00Z"},
            422,
            "end_date lies before start_date",
        ),
    ],
)
def test_wrong_clears_are_refused(
    shared: Api, given: dict[str, object], status: int, told: str
) -> None:
    reply = shared.post(CLEAR, json=given)
    assert reply.status_code == status
    assert told in reply.text


def test_the_engine_says_why_a_task_waits(shared: Api) -> None:
    path = "/dags/sales/dagRuns/waiting/taskInstances/tell"
    answer = shared.ok("GET", f"{path}/explain")
    assert answer["code"] == "no_scheduler"
    assert answer["summary"] in [reason["text"] for reason in answer["reasons"]]
    dependencies = shared.ok("GET", f"{path}/dependencies")["dependencies"]
    assert dependencies[0]["reason"] == answer["summary"]
    assert shared.ok("GET", f"{TIS}/extract/dependencies") == {"dependencies": []}


def test_the_story_is_told(filled: Api) -> None:
    filled.ok("PATCH", f"{TIS}/extract", json={"new_state": "failed"})
    story = filled.ok("GET", f"{TIS}/extract/story")["events"]
    assert story[-1]["to_state"] == "failed"
    assert story[-1]["words"].startswith("It was marked as failed. By admin")
    assert filled.ok("GET", f"{TIS}/extract/story?limit=1&order_by=-id")["events"] == story[-1:]
    of_run = filled.ok("GET", "/dags/sales/dagRuns/done/story")
    assert story[-1] in of_run["events"]
    assert of_run["total_entries"] == len(of_run["events"])
    alone = filled.ok("GET", "/dags/sales/dagRuns/done/story?run_only=true")
    assert {e["task_id"] for e in alone["events"]} <= {None}


def test_an_instance_that_is_not_mapped_has_the_index_minus_one(filled: Api) -> None:
    path = "/dags/sales/dagRuns/done/taskInstances/extract"
    assert filled.ok("GET", f"{path}/-1/tries")["total_entries"] == 2
    assert filled.ok("GET", f"{path}/-1/tries/1")["try_number"] == 1
    assert filled.ok("GET", f"{path}/-1/dependencies") == {"dependencies": []}


def test_links_are_what_the_task_left_and_logs_are_at_no_other_address(filled: Api) -> None:
    path = "/dags/sales/dagRuns/done/taskInstances"
    made = {"key": "_link_Report", "value": "https://example.org/7"}
    filled.ok("POST", f"{path}/extract/xcomEntries", json=made, status=201)
    links = {
        "extra_links": {"Log book": None, "Report": "https://example.org/7"},
        "total_entries": 2,
    }
    assert filled.ok("GET", f"{path}/extract/links") == links
    assert filled.ok("GET", f"{path}/extract/links", params={"try_number": 1}) == links
    assert filled.ok("GET", f"{path}/tell/links") == {"extra_links": {}, "total_entries": 0}
    task = filled.ok("GET", "/dags/sales/tasks/extract")
    assert task["extra_links"] == ["Log book", "Report"]
    assert filled.get(f"{path}/extract/links", params={"try_number": 9}).status_code == 404
    assert filled.get(f"{path}/none/links").status_code == 404
    assert filled.get(f"{path}/extract/externalLogUrl/1").status_code == 400
