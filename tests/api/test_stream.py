"""The event stream: whatever changes is told, by whomever it was changed, on every database."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete
from tests.api.build import DAG, START, fill, sales_spec
from tests.api.listening import Ear, listening
from tests.api.running import Api, running
from tests.databases import DATABASES
from tests.store.build import changing, create_run, parsed_dag, parsed_file

from slipstream.machine.event import TIKey
from slipstream.store import Store, dag, decision, job, pool, run, schema, variable
from slipstream.store.parsed import ParsedError


@pytest.fixture(params=DATABASES)
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def run_of(data: Any, run_id: str) -> Any:
    return next((r for r in data["runs"] if r["run_id"] == run_id), None)


def pk_of(store: Store, run_id: str, dag_id: str = DAG) -> int:
    with store.read() as conn:
        row = run.get(conn, dag_id, run_id)
    assert row is not None
    return row.id


def put(store: Store, pk: int, state: str, *task_ids: str | TIKey) -> None:
    decided = changing(task_ids, state=state, story=True)
    store.write(decision.save, [(pk, decided)], [], START)


def test_states_of_tasks_are_told_as_they_change(store: Store, filled: Api) -> None:
    with listening(filled) as ear:
        began = time.monotonic()
        put(store, pk_of(store, "waiting"), "running", "extract", TIKey("load", 3))
        event = ear.next()
        assert time.monotonic() - began < 3.0  # within one, if the machine does nothing else
    assert event.data == {
        "runs": [
            {
                "dag_id": DAG,
                "run_id": "waiting",
                "state": "queued",
                "tasks": [["extract", -1, "running"], ["load", 3, "running"]],
            }
        ],
        "dags": [],
        "import_errors": False,
        "pools": False,
        "variables": False,
        "connections": False,
        "jobs": False,
        "backfills": False,
        "users": False,
    }


def test_a_task_that_waits_for_a_slot_is_told_though_its_story_is_not(
    store: Store, filled: Api
) -> None:
    with listening(filled) as ear:
        decided = changing(["extract"], state="success", story=True)
        decided.merge(changing(["tell"], state="scheduled"))
        store.write(decision.save, [(pk_of(store, "waiting"), decided)], [], START)
        told = run_of(ear.next().data, "waiting")
    assert sorted(told["tasks"]) == [["extract", -1, "success"], ["tell", -1, "scheduled"]]


def test_of_many_changed_tasks_only_the_run_is_told(store: Store, filled: Api) -> None:
    keys = [TIKey("load", i) for i in range(300)]
    with listening(filled) as ear:
        put(store, pk_of(store, "waiting"), "running", *keys)
        assert run_of(ear.next().data, "waiting")["tasks"] is None


def test_what_people_and_the_processor_change_is_told(store: Store, filled: Api) -> None:
    def flag(name: str) -> Any:
        return lambda data: data[name]

    broken = parsed_file("new.py", errors=[ParsedError(stacktrace="oh", line=1)])
    with listening(filled) as ear:
        filled.ok("POST", "/variables", json={"key": "k", "value": "v"}, status=201)
        ear.until(flag("variables"))
        store.write(variable.delete, "k")
        ear.until(flag("variables"))
        filled.ok("POST", "/pools", json={"name": "p", "slots": 3}, status=201)
        ear.until(flag("pools"))
        given = {"connection_id": "c", "conn_type": "http"}
        filled.ok("POST", "/connections", json=given, status=201)
        ear.until(flag("connections"))
        store.write(job.register, job_type="WorkerHost", now=START)
        ear.until(flag("jobs"))
        store.write(dag.upsert_file, [broken], START)
        ear.until(flag("import_errors"))
        healed = parsed_file("new.py", parsed_dag("new"))
        store.write(dag.upsert_file, [healed], START)
        event = ear.until(flag("import_errors"))
        assert event.data["dags"] == ["new"]
        for file in (broken, healed):  # the same version as before: still, it looks different
            store.write(dag.upsert_file, [file], START)
            assert ear.until(flag("import_errors")).data["dags"] == ["new"]
        filled.ok("PATCH", f"/dags/{DAG}", json={"is_paused": True})
        ear.until(lambda data: data["dags"] == [DAG])
        create_run(store, "new", "r1")
        assert run_of(ear.until(lambda d: d["runs"]).data, "r1")["state"] == "queued"
        filled.ok("PATCH", f"/dags/{DAG}/dagRuns/done", json={"note": "other"})
        event = ear.until(lambda d: run_of(d, "done"))
        assert run_of(event.data, "done") == {
            "dag_id": DAG,
            "run_id": "done",
            "state": "success",
            "tasks": None,
        }


def test_a_parse_that_changed_nothing_is_not_told(store: Store, filled: Api) -> None:
    with listening(filled) as ear:
        same = parsed_file("sales.py", parsed_dag(DAG, spec=sales_spec()), source="# sales\n")
        store.write(dag.upsert_file, [same], START)
        assert ear.is_silent(1.2)


def test_a_deleted_run_is_told(store: Store, filled: Api) -> None:
    with listening(filled) as ear:
        filled.ok("DELETE", f"/dags/{DAG}/dagRuns/waiting", status=204)
        if store.dialect == "sqlite":  # its ids may be used again: nothing else is certain
            ear.next("reset")
        else:
            told = run_of(ear.next().data, "waiting")
            assert (told["state"], told["tasks"]) == (None, None)
        create_run(store, "quiet", "afterwards")
        assert run_of(ear.next().data, "afterwards")


def test_what_another_process_changes_is_told(store: Store, filled: Api, home: Path) -> None:
    url = store.raw_url.render_as_string(hide_password=False)
    program = (
        "import sys; from slipstream.store import Store, pool\n"
        "with Store.open(sys.argv[1]) as s: s.write(pool.upsert, 'far', 1)"
    )
    with listening(filled) as ear:
        subprocess.run([sys.executable, "-c", program, url], check=True, timeout=60)
        assert ear.next().data["pools"] is True


def test_every_server_tells_its_listeners(store: Store, filled: Api) -> None:
    with running(store) as other, listening(filled) as here, listening(other) as there:
        filled.ok("POST", "/pools", json={"name": "p", "slots": 3}, status=201)
        assert here.next().data["pools"] is True
        assert there.next().data["pools"] is True


def test_a_listener_may_want_one_dag_or_one_run(store: Store, filled: Api) -> None:
    create_run(store, "quiet", "r1")
    with (
        listening(filled) as everything,
        listening(filled, dag_id=DAG) as of_dag,
        listening(filled, dag_id=DAG, run_id="done") as of_run,
    ):
        put(store, pk_of(store, "r1", "quiet"), "running", "a")
        assert run_of(everything.next().data, "r1")
        put(store, pk_of(store, "waiting"), "running", "extract")
        assert [r["run_id"] for r in of_dag.next().data["runs"]] == ["waiting"]
        put(store, pk_of(store, "done"), "failed", "extract")
        assert [r["run_id"] for r in of_run.next().data["runs"]] == ["done"]


class TestResume:
    def test_what_was_missed_is_told(self, store: Store, filled: Api) -> None:
        with listening(filled) as ear:
            put(store, pk_of(store, "waiting"), "running", "extract")
            last = ear.next().id
        put(store, pk_of(store, "waiting"), "success", "extract")
        store.write(pool.upsert, "p", 3)
        with listening(filled, last) as ear:
            event = ear.next()
        assert run_of(event.data, "waiting")["tasks"] == [["extract", -1, "success"]]
        assert event.data["pools"] is True

    def test_another_server_takes_over(self, store: Store, filled: Api) -> None:
        with listening(filled) as ear:
            store.write(pool.upsert, "p", 3)
            last = ear.next().id
        store.write(variable.set, "k", "v")
        with running(store) as other, listening(other, last) as ear:
            ear.until(lambda data: data["variables"])  # and maybe what was told before

    @pytest.mark.parametrize(
        "last", ["x", "1-2", "-1-2-3", "9-9-99999", "1-1-" + "9" * 40, "٣-٣-٣"]
    )
    def test_an_unknown_place_is_a_reset(self, filled: Api, last: str) -> None:
        headers = {"Last-Event-ID": last.encode()}
        with filled.stream("GET", "/stream", headers=headers) as reply:
            ear = Ear()
            threading.Thread(target=ear.hear, args=(reply,), daemon=True).start()
            ear.next("hello")
            ear.next("reset")

    def test_too_much_to_tell_is_a_reset(
        self, store: Store, filled: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from slipstream.store.live import watch

        monkeypatch.setattr(watch, "MAX_ROWS", 50)
        with listening(filled) as ear:
            put(store, pk_of(store, "waiting"), "running", *(TIKey("load", i) for i in range(60)))
            ear.next("reset")
            store.write(pool.upsert, "p", 3)
            assert ear.next().data["pools"] is True


def test_strangers_hear_nothing(filled: Api) -> None:
    filled.as_user(None).ok("GET", "/stream", status=401)
    filled.as_user("vera")
    with listening(filled.as_user("vera")):
        pass


def test_nobody_looks_while_nobody_listens(store: Store, home: Path) -> None:
    fill(store)
    with running(store) as api:
        hub = api.app.state.server.stream.hub
        assert not hub.is_looking
        with listening(api), listening(api):
            assert hub.n_listeners == 2
            assert hub.is_looking
        deadline = time.monotonic() + 5
        while hub.is_looking or hub.n_listeners:
            assert time.monotonic() < deadline
            time.sleep(0.01)


def test_an_open_stream_does_not_delay_the_end_of_the_server(store: Store, home: Path) -> None:
    fill(store)
    with running(store) as api, listening(api) as ear:
        began = time.monotonic()
        api.server.should_exit = True
        assert ear.ended.wait(5)
        api.thread.join(5)
        assert not api.thread.is_alive()
        assert time.monotonic() - began < 4.0  # it would wait for ever, here


@pytest.mark.parametrize("dialect", DATABASES[1:], indirect=True)  # SQLite has one writer at a time
def test_rows_of_transactions_that_end_late_are_not_lost(store: Store, filled: Api) -> None:
    """Ids are handed out before the commit; here they come in the wrong order."""
    pk = pk_of(store, "waiting")
    first = threading.Event()
    second = threading.Event()

    def slow(conn: Any) -> None:
        decision.save(conn, [(pk, changing(["extract"], state="running", story=True))], [], START)
        conn.execute(schema.audit_log.select().limit(1)).all()  # sends what is not sent yet
        first.set()
        assert second.wait(10)

    with listening(filled) as ear:
        thread = threading.Thread(target=store.write, args=(slow,))
        thread.start()
        assert first.wait(10)
        put(store, pk_of(store, "done"), "failed", "tell")
        assert run_of(ear.next().data, "done")
        second.set()
        thread.join(10)
        told = run_of(ear.next().data, "waiting")
    assert told["tasks"] is None  # older than what was told: to be read anew


def test_ids_that_are_used_again_are_told(store: Store, filled: Api) -> None:
    with listening(filled) as ear:
        put(store, pk_of(store, "waiting"), "running", "extract")
        ear.next()
        store.write(lambda conn: run.delete(conn, pk_of(store, "waiting")))
        store.write(lambda conn: conn.execute(delete(schema.inbox)).rowcount)
        create_run(store, DAG, "again")
        put(store, pk_of(store, "again"), "running", "extract")
        seen = [ear.events.get(timeout=5)]
        while seen[-1].name != "reset" and not run_of(seen[-1].data, "again"):
            seen.append(ear.events.get(timeout=5))
