"""The execution API: each token opens its own attempt, and each item of a batch stands for itself."""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from select import POLLIN, poll
from typing import Any

import pytest
from sqlalchemy import select
from tests.api.running import Api, running
from tests.databases import DATABASES
from tests.store.build import NOW, create_run, queue

from slipstream.clock import FakeClock
from slipstream.config import conf
from slipstream.machine.decision import Decision, TaskInstanceChange
from slipstream.machine.event import TIKey
from slipstream.store import Store, attempt, decision, inbox, job, schema, variable, xcom
from slipstream.store.row import InboxMessage, RunRow
from slipstream.store.wake import Topics
from slipstream.token import FINISH_GRACE_S, LEEWAY_S, ExecutionTokens, Scope
from slipstream.worker.task_api import VERSION, VERSION_HEADER

STEP = {VERSION_HEADER: str(VERSION)}


@pytest.fixture(params=DATABASES)
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class Worker:
    """A worker host as the server sees it: messages and tokens."""

    def __init__(self, api: Api, store: Store, clock: FakeClock) -> None:
        self.api, self.store, self.clock = api, store, clock
        self.tokens = ExecutionTokens.configured()
        self.run: RunRow = create_run(store)
        self.ids = queue(store, self.run, ["a", "b", "c"])
        self.runs = {"a": self.run.id}
        """Those that tokens say; of the others the server must find out."""
        self.host = ""
        self.host_id = ""

    def token(
        self,
        scope: Scope,
        subject: str,
        lifetime_s: float = 600,
        about: str = "",
        run: int | None = None,
    ) -> str:
        return self.tokens.issue(scope, subject, self.clock.now(), lifetime_s, about, run)

    def start_token(self, task_id: str) -> str:
        run = self.runs.get(task_id)
        return self.token(Scope.START, self.ids[task_id], 3600, f"{task_id}.log", run)

    def call(self, path: str, body: Any, token: str, status: int = 200, **kwargs: Any) -> Any:
        headers = {"Authorization": f"Bearer {token}", **STEP, **kwargs.pop("headers", {})}
        url = f"{self.api.origin}/execution/v1/{path}"
        method = kwargs.pop("method", "POST")
        reply = self.api.request(method, url, json=body, headers=headers, **kwargs)
        assert reply.status_code == status, reply.text
        return reply.json()

    def register(self, token: str | None = None, **facts: Any) -> Any:
        body = {"hostname": "far", "pid": 7, "executor": "E", "slots": 4, "version": VERSION}
        answer = self.call("hosts", body | facts, token or self.start_token("a"))
        self.host, self.host_id = answer["token"], answer["host_id"]
        return answer

    def commit(self, **parts: Any) -> Any:
        return self.call("commit", parts, self.host)

    def starting(self, task_id: str, **values: Any) -> dict[str, Any]:
        start = {
            "token": self.start_token(task_id),
            "attempt_id": self.ids[task_id],
            "pid": 8,
            "started_at": self.clock.now().isoformat(),
        }
        return start | values

    def begin(self, *task_ids: str) -> dict[str, str]:
        """Start attempts; return their run tokens by task id."""
        answer = self.commit(starts=[self.starting(t) for t in task_ids])
        assert sorted(answer["started"]) == sorted(self.ids[t] for t in task_ids)
        return {t: answer["tokens"][self.ids[t]] for t in task_ids}

    def finishing(self, task_id: str, token: str, **values: Any) -> dict[str, Any]:
        ended_at = self.clock.now().isoformat()
        outcome = {"attempt_id": self.ids[task_id], "state": "success", "ended_at": ended_at}
        return {"token": token, "outcome": outcome | values}

    def row(self, task_id: str) -> Any:
        with self.store.read() as conn:
            return attempt.get(conn, self.ids[task_id])

    def xcoms(self) -> dict[tuple[str, int, str], Any]:
        with self.store.read() as conn:
            found = xcom.list(conn, self.run.id)
        return {(x.task_id, x.map_index, x.key): x.value for x in found}

    def told(self) -> list[InboxMessage]:
        with self.store.read() as conn:
            return [m for m in inbox.take(conn, "scheduler", 100) if m.kind != "run_created"]


@pytest.fixture
def worker(store: Store, home: Path) -> Iterator[Worker]:
    clock = FakeClock(NOW + timedelta(seconds=1))
    with running(store, clock) as api:
        worker = Worker(api, store, clock)
        worker.register()
        yield worker


# Starting and finishing


def test_a_start_is_granted_once_and_again_to_the_same_process(worker: Worker) -> None:
    first = worker.commit(starts=[worker.starting("a"), worker.starting("b")])
    assert sorted(first["started"]) == sorted([worker.ids["a"], worker.ids["b"]])
    again = worker.commit(starts=[worker.starting("a")])
    assert again["started"] == [worker.ids["a"]], "the first answer may have been lost"
    other = worker.commit(starts=[worker.starting("a", pid=9)])
    assert (other["started"], other["refused"]) == ([], {})
    row = worker.row("a")
    assert (row.state, row.host_id, row.hostname, row.pid) == ("running", worker.host_id, "far", 8)


def test_a_finish_counts_once_with_its_xcoms_and_the_scheduler_is_told(worker: Worker) -> None:
    tokens = worker.begin("a", "b")
    both = [
        worker.finishing("a", tokens["a"], xcoms=[{"key": "k", "value": [1, None]}]),
        worker.finishing("b", tokens["b"], state="failed", error="boom"),
    ]
    for _ in range(2):
        answer = worker.commit(finishes=both)
        assert sorted(answer["finished"]) == sorted([worker.ids["a"], worker.ids["b"]])
    late = worker.commit(finishes=[worker.finishing("a", tokens["a"], state="failed")])
    assert late["finished"] == []
    assert worker.row("a").outcome.state == "success"
    assert worker.row("b").outcome.error == "boom"
    assert worker.xcoms() == {("a", -1, "k"): [1, None]}
    told = worker.told()
    assert {m.kind for m in told} == {"attempts_changed"}
    assert all(m.dag_run_pk == worker.run.id for m in told)
    both_ids = [worker.ids["a"], worker.ids["b"]]
    # Of the late one too, though it did not count: the scheduler finds nothing new.
    ids = [sorted(m.payload["ids"]) for m in told]
    assert ids == [sorted(both_ids)] * 3 + [[worker.ids["a"]]]


def test_one_message_for_each_run_in_the_batchs_order(worker: Worker) -> None:
    other = create_run(worker.store, run_id="other")
    worker.ids |= queue(worker.store, other, ["x"])
    worker.begin("b", "x", "a")
    told = {m.dag_run_pk: m.payload["ids"] for m in worker.told()}
    ids = worker.ids
    assert told == {worker.run.id: [ids["b"], ids["a"]], other.id: [ids["x"]]}


def test_the_scheduler_is_woken_with_word_of_the_runs_if_all_of_them_are_known(
    worker: Worker,
) -> None:
    token = worker.begin("a")["a"]
    with contextlib.closing(worker.store.listen("scheduler")) as listener:
        topics: list[Topics] = []

        def is_for_all() -> bool:
            news = poll()
            news.register(listener, POLLIN)
            assert news.poll(5000)
            return listener.drain(lambda about: topics.append(about) is not None)

        worker.commit(finishes=[worker.finishing("a", token)])
        assert not is_for_all()
        assert topics[-1] == [worker.run.id]
        worker.begin("b")  # its token does not say
        assert is_for_all()


def test_a_bad_item_spoils_no_other(worker: Worker) -> None:
    tokens = worker.begin("a", "b", "c")
    answer = worker.commit(
        finishes=[
            worker.finishing("a", "garbage"),
            worker.finishing("b", tokens["b"], state="no such state"),
            worker.finishing("c", tokens["c"]),
            {"token": tokens["a"], "outcome": {}},
        ],
        callbacks=[{"token": tokens["a"], "id": "x", "ok": True}],
    )
    assert answer["finished"] == [worker.ids["c"]]
    assert set(answer["refused"]) == {worker.ids["a"], worker.ids["b"], "None", "x"}
    assert [worker.row(t).state for t in "abc"] == ["running", "running", "done"]


def test_an_outcome_that_cannot_be_stored_fails_its_attempt_alone(worker: Worker) -> None:
    tokens = worker.begin("a", "b")
    answer = worker.commit(
        finishes=[
            worker.finishing("a", tokens["a"], xcoms=[{"key": "k" * 600, "value": 1}]),
            worker.finishing("b", tokens["b"], xcoms=[{"key": "k", "value": 2}]),
        ]
    )
    assert len(answer["finished"]) == 2
    assert worker.row("a").outcome.state == "failed"
    assert "could not be saved: XCom" in worker.row("a").outcome.error
    assert worker.xcoms() == {("b", -1, "k"): 2}


def test_what_the_database_refuses_is_found_and_the_rest_is_written(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = worker.begin("a", "b")
    real = attempt.finish

    def poisoned(conn: Any, outcomes: Any) -> set[str]:
        if any(o.error == "poison" for o in outcomes):
            raise RuntimeError("no such thing")
        return real(conn, outcomes)

    monkeypatch.setattr(attempt, "finish", poisoned)
    answer = worker.commit(
        starts=[worker.starting("c")],
        finishes=[
            worker.finishing("a", tokens["a"], error="poison"),
            worker.finishing("b", tokens["b"]),
        ],
    )
    assert sorted(answer["finished"]) == sorted([worker.ids["a"], worker.ids["b"]])
    assert answer["started"] == [worker.ids["c"]]
    assert "no such thing" in worker.row("a").outcome.error
    assert worker.row("b").outcome.state == "success"


def test_an_attempt_pushes_only_for_its_own_task_instance(worker: Worker) -> None:
    tokens = worker.begin("a")
    foreign = {"key": "k", "value": 1, "task_id": "b", "map_index": 3}
    worker.commit(finishes=[worker.finishing("a", tokens["a"], xcoms=[foreign])])
    assert worker.xcoms() == {("a", -1, "k"): 1}


def test_a_start_clears_what_an_earlier_try_pushed_and_nothing_else(worker: Worker) -> None:
    pk = worker.run.id
    worker.store.write(lambda conn: xcom.set(conn, pk, "a", "old", 1))
    worker.store.write(lambda conn: xcom.set(conn, pk, "b", "old", 1))
    worker.commit(starts=[worker.starting("a", clears=True), worker.starting("b")])
    assert set(worker.xcoms()) == {("b", -1, "old")}


def test_rendered_fields_are_taken_of_what_runs_here(worker: Worker) -> None:
    worker.begin("a")
    fields = {"bash_command": "date"}
    mine = worker.host
    worker.register()
    worker.begin("b")
    items = [{"attempt_id": worker.ids[t], "fields": fields} for t in "abc"]
    worker.host = mine
    worker.commit(rendered=[*items, {"attempt_id": "unknown", "fields": {}}])
    with worker.store.read() as conn:
        columns = schema.attempt.c
        rows = conn.execute(select(columns.task_id, columns.rendered_fields))
        found = {row.task_id: row.rendered_fields for row in rows}
    assert json.loads(found["a"]) == fields
    assert (found["b"], found["c"]) == (None, None)


# Tokens


def test_a_token_of_another_attempt_or_scope_starts_nothing(worker: Worker) -> None:
    for token in (
        worker.start_token("b"),
        worker.token(Scope.RUN, worker.ids["a"]),
        worker.token(Scope.CALLBACK, worker.ids["a"]),
        worker.host,
        worker.api.login("admin"),
        "",
    ):
        answer = worker.commit(starts=[worker.starting("a", token=token)])
        assert (answer["started"], list(answer["refused"])) == ([], [worker.ids["a"]])
    assert worker.row("a").state == "queued"


def test_a_start_token_finishes_only_where_it_has_started(worker: Worker) -> None:
    worker.begin("a")
    finish = worker.finishing("a", worker.start_token("a"), state="failed")
    mine = worker.host
    worker.register()
    assert worker.commit(finishes=[finish])["finished"] == [], "another host has it"
    worker.host = mine
    assert worker.commit(finishes=[finish])["finished"] == [worker.ids["a"]]


def test_an_expired_start_is_queued_anew_without_a_try(worker: Worker) -> None:
    start = worker.starting("a")
    worker.clock.advance(3600 + LEEWAY_S + 1)
    answer = worker.commit(starts=[start, worker.starting("b")])
    assert answer["started"] == [worker.ids["b"]]
    assert "expired" in answer["refused"][worker.ids["a"]]
    [message] = [m for m in worker.told() if m.kind == "attempts_handed_back"]
    assert (message.payload, message.dag_run_pk) == ({"ids": [worker.ids["a"]]}, worker.run.id)


def test_an_outcome_is_taken_with_an_expired_token_for_a_week(worker: Worker) -> None:
    tokens = worker.begin("a", "b")
    host = worker.token(Scope.HOST, worker.host_id, 10 * 86400)
    worker.clock.advance(FINISH_GRACE_S)
    worker.host = host
    assert worker.commit(finishes=[worker.finishing("a", tokens["a"])])["finished"]
    worker.clock.advance(600 + LEEWAY_S + 1)
    late = worker.commit(finishes=[worker.finishing("b", tokens["b"])])
    assert "expired" in late["refused"][worker.ids["b"]]


@pytest.mark.parametrize("path", ["hosts", "commit", "request", "logs", "refused"])
def test_no_endpoint_opens_without_its_own_token(worker: Worker, path: str) -> None:
    wrong = {
        "hosts": (Scope.HOST,),
        "commit": (Scope.START, Scope.RUN, Scope.CALLBACK),
        "request": (Scope.HOST,),
        "logs": (Scope.START, Scope.RUN, Scope.CALLBACK),
        "refused": (Scope.RUN, Scope.HOST),
    }[path]
    tokens = [worker.token(scope, worker.ids["a"]) for scope in wrong]
    forged = ExecutionTokens(b"another key", conf.get("execution_api", "jwt_audience"))
    tokens += [forged.issue(scope, worker.ids["a"], worker.clock.now(), 600) for scope in Scope]
    tokens += ["x", worker.api.login("admin"), "a.b.c", "y" * 9000]
    for token in tokens:
        answer = worker.call(path, {}, token, 401)
        assert "not accepted" in answer["detail"]
    reply = worker.api.post(f"{worker.api.origin}/execution/v1/{path}", json={}, headers=STEP)
    assert reply.status_code in (401, 403)
    assert worker.api.headers["Authorization"], "a user's login is no token either"


# Hosts


def test_a_host_is_a_job_that_heartbeats_keep_alive(worker: Worker) -> None:
    worker.clock.advance(100)
    answer = worker.commit(heartbeat={"running": []})
    assert answer["is_alive"]
    with worker.store.read() as conn:
        row = job.get(conn, worker.host_id)
    assert row is not None
    assert (row.job_type, row.hostname, row.pid, row.executor) == ("WorkerHost", "far", 7, "E")
    assert (row.parent_id, row.heartbeat_at) == (None, worker.clock.now())
    worker.call("hosts", {}, worker.host, method="DELETE")
    assert not worker.commit(heartbeat={})["is_alive"]


def test_a_host_that_was_given_up_is_told(worker: Worker) -> None:
    now = worker.clock.now()
    worker.store.write(lambda conn: job.end(conn, worker.host_id, "failed", now))
    assert not worker.commit(heartbeat={"running": []})["is_alive"]


def test_tokens_are_renewed_by_heartbeats_when_half_their_time_is_over(worker: Worker) -> None:
    tokens = worker.begin("a", "b")
    for after_s in (400, 700):
        worker.clock.advance(after_s)
        answer = worker.commit(
            heartbeat={"running": [worker.ids["a"]], "renew": [tokens["a"], tokens["b"], "x"]}
        )
        assert list(answer["tokens"]) == [worker.ids["a"]]
    new = worker.tokens.check(answer["tokens"][worker.ids["a"]], worker.clock.now(), Scope.RUN)
    assert (new.subject, new.about) == (worker.ids["a"], "a.log")
    assert answer["host_token"] is None
    worker.clock.advance(43200)
    worker.host = worker.commit(heartbeat={})["host_token"]
    worker.clock.advance(80000)
    assert worker.commit(heartbeat={})["is_alive"]


def test_a_heartbeat_brings_back_what_nobody_wants_any_more(worker: Worker) -> None:
    worker.begin("a", "b", "c")
    ids = worker.ids
    cleared = Decision()
    key = TIKey("a")
    cleared.changes[key] = TaskInstanceChange(key, {"state": "restarting"})
    cleared.closed[ids["b"]] = "failed"
    worker.store.write(decision.save, [(worker.run.id, cleared)], [], worker.clock.now())
    running_ids = [ids["a"], ids["b"], ids["c"], "unknown"]
    answer = worker.commit(heartbeat={"running": running_ids})
    assert sorted(answer["cancel"]) == sorted([ids["a"], ids["b"], "unknown"])
    worker.register()
    answer = worker.commit(heartbeat={"running": [ids["c"]]})
    assert answer["cancel"] == [ids["c"]], "it runs on another host"


def test_what_ends_in_the_same_message_is_not_cancelled(worker: Worker) -> None:
    tokens = worker.begin("a")
    finish = worker.finishing("a", tokens["a"])
    answer = worker.commit(finishes=[finish], heartbeat={"running": [worker.ids["a"]]})
    assert answer["cancel"] == []


# Callbacks


def test_a_callbacks_end_reaches_the_scheduler(worker: Worker) -> None:
    id = "01a00000-0000-7000-8000-000000000001"
    worker.store.write(
        lambda conn: conn.execute(
            schema.callback_request.insert().values(
                id=id, dag_run_id=worker.run.id, kind="dag_failure", state="running", created_at=NOW
            )
        )
    )
    token = worker.token(Scope.CALLBACK, id)
    got = worker.call("request", {"method": "get_variable", "params": {"key": "no"}}, token)
    assert got["value"] is None
    other = worker.token(Scope.CALLBACK, "other")
    ends = [
        {"token": token, "id": id, "ok": False, "error": "why"},
        {"token": other, "id": "other", "ok": True},
    ]
    worker.commit(callbacks=ends)
    [message] = [m for m in worker.told() if m.kind == "callback_done"]
    assert message.payload == {"ended": {id: {"ok": False, "error": "why"}}}
    assert message.dag_run_pk == worker.run.id


def test_a_callbacks_start_is_granted_once_and_again_to_the_same_process(worker: Worker) -> None:
    id = "01a00000-0000-7000-8000-000000000003"
    worker.store.write(
        lambda conn: conn.execute(
            schema.callback_request.insert().values(
                id=id, dag_run_id=worker.run.id, kind="dag_failure", state="running", created_at=NOW
            )
        )
    )
    token = worker.token(Scope.CALLBACK, id)
    start = {"token": token, "id": id, "started_at": NOW.isoformat()}
    for _ in range(2):
        answer = worker.commit(callback_starts=[start])
        assert answer["started"] == [id]
        assert answer["tokens"] == {}
    later = start | {"started_at": (NOW + timedelta(seconds=1)).isoformat()}
    assert worker.commit(callback_starts=[later])["started"] == []
    forged = start | {"token": worker.token(Scope.CALLBACK, "other")}
    answer = worker.commit(callback_starts=[forged])
    assert "another attempt's" in answer["refused"][id]
    worker.commit(callbacks=[{"token": token, "id": id, "ok": True}])
    worker.register()
    assert worker.commit(callback_starts=[start])["started"] == []


def test_a_callback_that_cannot_begin_ends_with_the_reason(worker: Worker) -> None:
    id = "01a00000-0000-7000-8000-000000000002"
    worker.store.write(
        lambda conn: conn.execute(
            schema.callback_request.insert().values(
                id=id, dag_run_id=worker.run.id, kind="dag_failure", state="running", created_at=NOW
            )
        )
    )
    worker.call("refused", {"reason": "no such file"}, worker.token(Scope.CALLBACK, id))
    [message] = worker.told()
    reason = "The worker cannot run it: no such file"
    assert message.payload == {"ended": {id: {"ok": False, "error": reason}}}


def test_a_callback_that_one_worker_cannot_begin_goes_on_where_it_has_begun(
    worker: Worker,
) -> None:
    id = "01a00000-0000-7000-8000-000000000004"
    worker.store.write(
        lambda conn: conn.execute(
            schema.callback_request.insert().values(
                id=id, dag_run_id=worker.run.id, kind="dag_failure", state="running", created_at=NOW
            )
        )
    )
    token = worker.token(Scope.CALLBACK, id)
    start = {"token": token, "id": id, "started_at": NOW.isoformat()}
    assert worker.commit(callback_starts=[start])["started"] == [id]
    worker.call("refused", {"reason": "no such file"}, token)
    assert worker.told() == []


# Requests


def ask(worker: Worker, token: str, method: str, status: int = 200, **params: Any) -> Any:
    return worker.call("request", {"method": method, "params": params}, token, status)


def test_a_task_reads_variables_and_xcoms_and_writes_its_own(worker: Worker) -> None:
    worker.store.write(lambda conn: variable.set(conn, "v", "42", None))
    token = worker.begin("a")["a"]
    assert ask(worker, token, "get_variable", key="v")["value"] == "42"
    assert ask(worker, worker.start_token("b"), "get_variable", key="v")["value"] == "42"
    own = {"dag_id": "d", "run_id": "r", "task_id": "a", "map_index": -1}
    assert "error" not in ask(worker, token, "set_xcom", **own, key="k", value={"x": 1})
    assert worker.xcoms() == {("a", -1, "k"): {"x": 1}}
    for foreign in ({"task_id": "b"}, {"map_index": 1}, {"run_id": "other"}, {"dag_id": "e"}):
        for method in ("set_xcom", "delete_xcom"):
            answer = ask(worker, token, method, **(own | foreign), key="k", value=2)
            assert answer["error"]["type"] == "PermissionDenied"
    assert worker.xcoms() == {("a", -1, "k"): {"x": 1}}
    assert "error" not in ask(worker, token, "delete_xcom", **own, key="k")
    assert worker.xcoms() == {}


def test_errors_come_back_by_name(worker: Worker) -> None:
    token = worker.begin("a")["a"]
    assert ask(worker, token, "no_such")["error"]["type"] == "NotImplementedError"
    answer = ask(worker, token, "get_dag_run", dag_id="d", run_id="none")
    assert answer["error"]["type"] == "DagRunNotFound"
    assert ask(worker, token, "get_variable")["error"]["type"] == "KeyError"


def test_an_attempt_that_is_over_asks_in_vain(worker: Worker) -> None:
    token = worker.begin("a")["a"]
    worker.commit(finishes=[worker.finishing("a", token)])
    assert "over" in ask(worker, token, "get_variable", 403, key="v")["detail"]
    worker.clock.advance(600 + LEEWAY_S)
    assert "expired" in ask(worker, token, "get_variable", 401, key="v")["detail"]


# What cannot begin


def test_a_worker_that_cannot_begin_an_attempt_says_why(worker: Worker) -> None:
    headers = {VERSION_HEADER: "99"}
    worker.call("refused", {"reason": "too old"}, worker.start_token("a"), headers=headers)
    row = worker.row("a")
    assert (row.state, row.outcome.state) == ("done", "failed")
    assert row.outcome.error == "The worker cannot run it: too old"
    assert [m.payload for m in worker.told()] == [{"ids": [worker.ids["a"]]}]
    worker.begin("b")
    worker.call("refused", {"reason": "late"}, worker.start_token("b"))
    assert worker.row("b").state == "running"


# Versions and bodies


def test_another_version_is_told_in_words(worker: Worker) -> None:
    for path in ("hosts", "commit", "request", "logs"):
        token = worker.host if path in ("commit", "logs") else worker.start_token("a")
        answer = worker.call(path, {}, token, 426, headers={VERSION_HEADER: "2"})
        assert "install the same release" in answer["detail"]
        url = f"{worker.api.origin}/execution/v1/{path}"
        assert worker.api.post(url, json={}).status_code in (400, 401)
    reply = worker.api.post(f"{worker.api.origin}/execution/v2/commit", json={})
    assert reply.status_code == 426
    reply = worker.api.get(f"{worker.api.origin}/execution/v1/nothing")
    assert reply.status_code == 404


def test_a_body_that_is_no_message_is_422_or_400(worker: Worker) -> None:
    for body in ([], {"starts": 1}, {"finishes": [{}]}, "x", {"heartbeat": {"running": [1]}}):
        worker.call("commit", body, worker.host, 422)
    assert worker.row("a").state == "queued"


def test_its_health_and_its_document_are_open(worker: Worker) -> None:
    base = f"{worker.api.origin}/execution"
    health = worker.api.get(f"{base}/v1/health", headers={"Authorization": ""})
    now = worker.clock.now().isoformat()
    assert health.json() == {"status": "healthy", "version": VERSION, "now": now}
    document = worker.api.get(f"{base}/openapi.json").json()
    assert set(document["paths"]) == {
        f"/v1/{name}" for name in ("hosts", "commit", "request", "logs", "refused", "health")
    }
    assert "CommitAnswer" in document["components"]["schemas"]


# Logs


def send(worker: Worker, token: str, offset: int | None, data: bytes, id: str = "") -> Any:
    chunk = {
        "token": token,
        "attempt_id": id or worker.ids["a"],
        "offset": offset,
        "data": base64.b64encode(data).decode(),
    }
    return worker.call("logs", {"chunks": [chunk]}, worker.host)


def log_of(path: str) -> bytes:
    return (Path(conf.get("logging", "base_log_folder")) / path).read_bytes()


def test_log_chunks_go_to_their_offsets_however_often_they_come(worker: Worker) -> None:
    token, id = worker.begin("a")["a"], worker.ids["a"]
    assert send(worker, token, None, b"")["sizes"] == {id: 0}
    for _ in range(2):
        assert send(worker, token, 0, b"one\n")["sizes"] == {id: 4}
        assert send(worker, token, 4, b"two\n")["sizes"] == {id: 8}
    assert send(worker, token, 4, b"two\n")["sizes"] == {id: 8}
    assert send(worker, token, 9, b"gap")["sizes"] == {id: 8}
    assert log_of("a.log") == b"one\ntwo\n"


@pytest.mark.parametrize("path", ["../out.log", "/etc/out", "a/../../out", "", "x\x00y"])
def test_no_log_is_written_outside_of_the_log_folder(worker: Worker, path: str) -> None:
    folder = Path(conf.get("logging", "base_log_folder"))
    folder.mkdir(parents=True, exist_ok=True)
    before = sorted(folder.parent.rglob("*"))
    token = worker.token(Scope.RUN, worker.ids["a"], about=path)
    answer = send(worker, token, 0, b"x")
    assert list(answer["refused"]) == [worker.ids["a"]]
    assert sorted(folder.parent.rglob("*")) == before


def test_no_log_is_written_through_a_link_that_leads_out(worker: Worker, tmp_path: Path) -> None:
    folder = Path(conf.get("logging", "base_log_folder"))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "a.log").symlink_to(tmp_path / "outside.log")
    (folder / "dir").symlink_to(tmp_path)
    token = worker.begin("a")["a"]
    assert send(worker, token, 0, b"x")["refused"]
    through = worker.token(Scope.RUN, worker.ids["a"], about="dir/b.log")
    assert send(worker, through, 0, b"x")["refused"]
    assert not (tmp_path / "outside.log").exists()
    assert not (tmp_path / "b.log").exists()


def test_a_log_is_not_another_attempts(worker: Worker) -> None:
    token = worker.begin("a")["a"]
    assert send(worker, token, 0, b"x", id=worker.ids["b"])["refused"]
    assert send(worker, worker.start_token("a"), 0, b"x")["refused"]
    assert send(worker, "garbage", 0, b"x")["refused"]


def test_a_host_that_shares_the_log_folder_is_told(worker: Worker) -> None:
    folder = Path(conf.get("logging", "base_log_folder"))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".slipstream-1-ab").touch()
    assert worker.register(log_mark=".slipstream-1-ab")["shares_logs"]
    for mark in (".slipstream-1-cd", "../logs/.slipstream-1-ab", "a.log", "."):
        assert not worker.register(log_mark=mark)["shares_logs"]


def test_messages_survive_odd_text(worker: Worker) -> None:
    token = worker.begin("a")["a"]
    own = {"dag_id": "d", "run_id": "r", "task_id": "a", "map_index": -1}
    text = 'ä\ud800"\\ \u2028'
    body = {"method": "set_xcom", "params": {**own, "key": "k", "value": text}}
    data = json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass")
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", **STEP}
    reply = worker.api.post(
        f"{worker.api.origin}/execution/v1/request", content=data, headers=headers
    )
    assert reply.status_code == 200, reply.text
    assert worker.xcoms() == {("a", -1, "k"): text}
