"""Grid, graph and overview, on every database."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.api.build import DAG, START, sales_spec
from tests.api.running import Api
from tests.databases import DATABASES
from tests.store.build import create_run, parsed_dag, parsed_file

from slipstream.machine.decision import Decision, TaskInstanceChange
from slipstream.machine.event import TIKey
from slipstream.store import Store, dag, decision, run, task_instance
from slipstream.timetable.base import DataInterval, NextRun


@pytest.fixture(params=DATABASES)
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def in_states(store: Store, pk: int, states: dict[tuple[str, int], str | None]) -> None:
    decided = Decision()
    for (task_id, index), state in states.items():
        key = TIKey(task_id, index)
        decided.changes[key] = TaskInstanceChange(key, {"state": state}, is_new=True)
    store.write(decision.save, [(pk, decided)], [], START)


def states_of(grid: dict[str, Any], r: int) -> dict[str, str | None]:
    """Return the states of the r-th run's tasks; those without an instance are absent."""
    tasks = [n["id"] for n in grid["nodes"] if n["kind"] == "task"]
    cells = grid["cells"][r]
    assert len(cells) == len(tasks)
    return {t: grid["states"][n] for t, n in zip(tasks, cells, strict=True) if n >= 0}


class TestGrid:
    def test_the_runs_and_the_states_of_their_tasks(self, filled: Api) -> None:
        grid = filled.ok("GET", f"/dags/{DAG}/grid")
        assert [n["id"] for n in grid["nodes"]] == ["extract", "middle", "load", "tell"]
        assert grid["nodes"][2] == {
            "id": "load",
            "label": "Load it",
            "parent": "middle",
            "kind": "task",
            "operator": "@task",
            "is_mapped": True,
            "tooltip": None,
        }
        assert [r["run_id"] for r in grid["runs"]] == ["waiting", "done"]
        assert grid["total_runs"] == 2
        assert (grid["dag_id"], grid["version_number"]) == (DAG, 1)
        done = grid["runs"][1]
        assert done["has_note"] is True
        assert done["duration"] == 6.5
        assert done["triggering_user_name"] == "admin"
        assert done["run_after"].endswith("Z")
        assert states_of(grid, 1) == dict.fromkeys(["extract", "load", "tell"], "success")

    def test_runs_are_filtered_and_paged(self, filled: Api) -> None:
        def shown(**params: Any) -> list[str]:
            grid = filled.ok("GET", f"/dags/{DAG}/grid", params=params)
            assert len(grid["cells"]) == len(grid["notes"]) == len(grid["runs"])
            return [r["run_id"] for r in grid["runs"]]

        assert shown(limit=1) == ["waiting"]
        assert shown(limit=1, offset=1) == ["done"]
        assert shown(state="success") == ["done"]
        assert shown(run_type="scheduled") == []
        assert shown(triggering_user_name_pattern="adm") == ["waiting", "done"]
        later = (START + timedelta(seconds=30)).isoformat()
        assert shown(run_after_gte=later) == ["waiting"]
        assert shown(run_after_lte=later) == ["done"]
        assert shown(limit=0) == []
        filled.ok("GET", f"/dags/{DAG}/grid?limit=366", status=422)
        filled.ok("GET", f"/dags/{DAG}/grid?state=nope", status=422)
        filled.ok("GET", "/dags/nope/grid", status=404)

    def test_of_mapped_instances_the_state_that_matters_most_is_shown(
        self, store: Store, filled: Api
    ) -> None:
        with store.read() as conn:
            waiting = run.get(conn, DAG, "waiting")
        assert waiting is not None
        mapped: dict[tuple[str, int], str | None] = {
            ("load", 0): "success",
            ("load", 1): "running",
            ("load", 2): "failed",
            ("load", 3): None,
        }
        in_states(store, waiting.id, {("extract", -1): "skipped", ("tell", -1): None, **mapped})
        store.write(task_instance.set_note, waiting.id, "load", 1, "a note")
        grid = filled.ok("GET", f"/dags/{DAG}/grid")
        assert states_of(grid, 0) == {"extract": "skipped", "load": "failed", "tell": None}
        tasks = [n["id"] for n in grid["nodes"] if n["kind"] == "task"]
        assert [[tasks[i] for i in noted] for noted in grid["notes"]] == [["load"], []]

    def test_tasks_of_older_versions_come_last(self, store: Store, filled: Api) -> None:
        spec = sales_spec()
        spec["tasks"] = [t for t in spec["tasks"] if t["task_id"] != "load"]
        spec["tasks"][0]["downstream"] = ["tell"]
        spec["groups"] = []
        changed = parsed_file("sales.py", parsed_dag(DAG, spec_hash="h2", spec=spec))
        store.write(dag.upsert_file, [changed], START)
        grid = filled.ok("GET", f"/dags/{DAG}/grid")
        assert grid["version_number"] == 2
        assert [n["id"] for n in grid["nodes"]] == ["extract", "tell", "load"]
        assert grid["nodes"][2]["parent"] is None
        assert grid["nodes"][2]["operator"] == "@task"
        assert states_of(grid, 1)["load"] == "success"

    def test_a_dag_without_versions_shows_what_its_runs_have(
        self, store: Store, filled: Api
    ) -> None:
        row = create_run(store, "quiet", "r")
        in_states(store, row.id, {("gone", -1): "removed"})
        grid = filled.ok("GET", "/dags/quiet/grid")
        assert [n["id"] for n in grid["nodes"]] == ["a", "b", "gone"]
        assert states_of(grid, 0) == {"gone": "removed"}


class TestGraph:
    def test_nodes_and_edges(self, filled: Api) -> None:
        graph = filled.ok("GET", f"/dags/{DAG}/graph")
        assert graph["version_number"] == 1
        assert [(e["source"], e["target"], e["label"]) for e in graph["edges"]] == [
            ("extract", "load", None),
            ("load", "tell", None),
        ]
        assert graph["nodes"][0]["retries"] == 1
        assert graph["nodes"][0]["trigger_rule"] == "all_success"
        assert filled.ok("GET", f"/dags/{DAG}/graph?version_number=1") == graph

    def test_what_is_not_there(self, filled: Api) -> None:
        filled.ok("GET", f"/dags/{DAG}/graph?version_number=2", status=404)
        filled.ok("GET", "/dags/nope/graph", status=404)


class TestOverview:
    def test_counts_and_runs(self, filled: Api) -> None:
        found = filled.ok("GET", "/overview?hours=8000")
        assert found["dags"] == {"active": 1, "paused": 1, "running": 0, "failed": 0, "queued": 1}
        assert found["import_errors"] == 1
        assert found["runs"] == {"success": 1, "queued": 1}
        assert found["task_instances"]["success"] == 4
        assert found["running"] == found["failed"] == found["next"] == []
        assert found["slots"] == {
            "total": 128,
            "running": 0,
            "queued": 0,
            "scheduled": 0,
            "deferred": 0,
            "open": 128,
        }

    def test_the_runs_that_failed_and_run(self, store: Store, filled: Api) -> None:
        with store.read() as conn:
            pks = {name: run.get(conn, DAG, name) for name in ("done", "waiting")}
        for name, state in (("done", "failed"), ("waiting", "running")):
            decided = Decision(run={"state": state})
            row = pks[name]
            assert row is not None
            store.write(decision.save, [(row.id, decided)], [], START)
        found = filled.ok("GET", "/overview")
        assert [(r["run_id"], r["dag_display_name"]) for r in found["running"]] == [
            ("waiting", "Sales of the day")
        ]
        assert [r["run_id"] for r in found["failed"]] == ["done"]
        assert found["dags"]["failed"] == 0  # the latest one runs

    def test_recent_runs_of_each_dag(self, store: Store, filled: Api) -> None:
        create_run(store, "quiet", "r1")
        found = filled.ok("GET", "/dags/~/recentRuns?dag_ids=sales&dag_ids=quiet&dag_ids=nope")
        assert {d["dag_id"]: [r["run_id"] for r in d["runs"]] for d in found["dags"]} == {
            "sales": ["waiting", "done"],
            "quiet": ["r1"],
            "nope": [],
        }
        assert found["dags"][0]["runs"][1]["state"] == "success"
        one = filled.ok("GET", "/dags/~/recentRuns?limit=1")
        assert [[r["run_id"] for r in d["runs"]] for d in one["dags"]] == [["r1"], ["waiting"]]
        too_many = "&".join(f"dag_ids={i}" for i in range(101))
        filled.ok("GET", f"/dags/~/recentRuns?{too_many}", status=422)


class TestGantt:
    def test_the_tries_of_a_run(self, filled: Api) -> None:
        found = filled.ok("GET", f"/dags/{DAG}/dagRuns/done/gantt")
        assert found["run"]["run_id"] == "done"
        bars = [(b["task_id"], b["map_index"], b["try_number"], b["state"]) for b in found["bars"]]
        assert bars == [
            ("extract", -1, 1, "failed"),
            ("extract", -1, 2, "success"),
            ("load", 0, 1, "success"),
            ("load", 1, 1, "success"),
            ("tell", -1, 0, "success"),
        ]
        assert found["total_entries"] == len(bars)
        first = found["bars"][0]
        assert first["start_date"] == "2026-03-01T12:00:05Z"
        assert first["end_date"] == "2026-03-01T12:00:06.500000Z"

    def test_it_is_paged(self, filled: Api) -> None:
        path = f"/dags/{DAG}/dagRuns/done/gantt"
        everything = filled.ok("GET", path)["bars"]
        found = filled.ok("GET", f"{path}?limit=2&offset=1")
        assert (found["bars"], found["total_entries"]) == (everything[1:3], len(everything))
        filled.ok("GET", f"{path}?limit=5001", status=422)
        filled.ok("GET", f"/dags/{DAG}/dagRuns/nope/gantt", status=404)


class TestCalendar:
    def test_runs_are_counted_by_day_and_hour(self, filled: Api) -> None:
        day = filled.ok("GET", f"/dags/{DAG}/calendar")["dag_runs"]
        assert day == [
            {"date": "2026-03-01T00:00:00Z", "state": "queued", "count": 1},
            {"date": "2026-03-01T00:00:00Z", "state": "success", "count": 1},
        ]
        hour = filled.ok("GET", f"/dags/{DAG}/calendar?granularity=hourly")["dag_runs"]
        assert [h["date"] for h in hour] == ["2026-03-01T12:00:00Z"] * 2
        later = (START + timedelta(days=1)).isoformat()
        params = {"logical_date_gte": later}
        assert filled.ok("GET", f"/dags/{DAG}/calendar", params=params)["dag_runs"] == []
        params = {"logical_date_lte": later}
        assert filled.ok("GET", f"/dags/{DAG}/calendar", params=params)["dag_runs"] == day

    def test_the_list_of_a_days_runs_has_what_the_calendar_counts(self, filled: Api) -> None:
        runs = f"/dags/{DAG}/dagRuns"
        body = {"logical_date": "2026-02-28T23:30:00Z", "dag_run_id": "dated"}
        filled.ok("POST", runs, json=body)
        for day, ids in (("2026-02-28", ["dated"]), ("2026-03-01", ["done", "waiting"])):
            first, last = f"{day}T00:00:00Z", f"{day}T23:59:59.999999Z"
            params = {"logical_date_gte": first, "logical_date_lte": last}
            counted = filled.ok("GET", f"/dags/{DAG}/calendar", params=params)["dag_runs"]
            params = {"calendar_date_gte": first, "calendar_date_lte": last}
            found = filled.ok("GET", runs, params=params)["dag_runs"]
            assert sorted(run["dag_run_id"] for run in found) == ids
            assert sum(n["count"] for n in counted if n["state"] != "planned") == len(ids)

    def test_runs_to_come_are_planned(self, store: Store, filled: Api) -> None:
        at = START.replace(hour=0) + timedelta(days=1)
        next_run = NextRun(at, DataInterval.exact(at), at)
        store.write(dag.set_next_run, DAG, next_run)
        params = {"logical_date_gte": at.isoformat()}
        params["logical_date_lte"] = (at + timedelta(days=2)).isoformat()
        assert filled.ok("GET", f"/dags/{DAG}/calendar", params=params)["dag_runs"] == [
            {"date": f"2026-03-0{day}T00:00:00Z", "state": "planned", "count": 1}
            for day in (2, 3, 4)
        ]
        of_year = filled.ok("GET", f"/dags/{DAG}/calendar")["dag_runs"]
        assert of_year[-1]["date"] == "2026-12-31T00:00:00Z"
