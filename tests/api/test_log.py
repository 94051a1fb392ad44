"""Logs: both forms, live reading with tokens, and no way out of the log folder."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from tests.api.build import START
from tests.api.running import Api

from slipstream.api import log_file
from slipstream.attempt import Outcome
from slipstream.config import conf
from slipstream.machine.decision import Decision, TaskInstanceChange
from slipstream.machine.event import TIKey
from slipstream.state import TaskInstanceState
from slipstream.store import Store, attempt, decision, remote, run

LOGS = "/dags/sales/dagRuns/done/taskInstances/extract/logs"
JSON = {"Accept": "application/json"}
NDJSON = {"Accept": "application/x-ndjson"}
LINES = ["line 0", "line 1", "line 2", "raw <output>"]


def events(reply: dict[str, Any]) -> list[str]:
    return [record["event"] for record in reply["content"]]


def path_of(task_id: str = "extract", try_number: int = 2) -> Path:
    return log_file.path_of("sales", "done", task_id, -1, try_number)


def test_json_has_every_record_and_where_it_is_from(filled: Api) -> None:
    reply = filled.ok("GET", f"{LOGS}/2", headers=JSON)
    assert events(reply)[:3] == [
        "::group::Log message source details",
        str(path_of()),
        "::endgroup::",
    ]
    assert events(reply)[3:] == LINES
    assert reply["content"][3]["level"] == "info"
    assert reply["continuation_token"] is None


def test_lines_are_streamed_with_a_token(filled: Api) -> None:
    reply = filled.get(f"{LOGS}/2", headers=NDJSON)
    assert reply.headers["content-type"] == "application/x-ndjson"
    assert [json.loads(line)["event"] for line in reply.text.splitlines()][3:] == LINES
    token = reply.headers["airflow-continuation-token"]
    more = filled.get(f"{LOGS}/2", headers=NDJSON, params={"token": token})
    assert more.text == ""


@pytest.mark.parametrize("accept", ["*/*", "application/json, text/plain", "application/*"])
def test_json_is_what_who_takes_anything_gets(filled: Api, accept: str) -> None:
    reply = filled.get(f"{LOGS}/2", headers={"Accept": accept})
    assert reply.headers["content-type"] == "application/json"


def test_other_forms_are_refused(filled: Api) -> None:
    reply = filled.get(f"{LOGS}/2", headers={"Accept": "text/plain"})
    assert reply.status_code == 406
    assert reply.json() == {
        "detail": "The reply comes as application/json or application/x-ndjson: accept one of them."
    }


def set_state(store: Store, state: str) -> None:
    with store.read() as conn:
        row = run.get(conn, "sales", "done")
    assert row is not None
    decided = Decision()
    decided.changes[TIKey("extract")] = TaskInstanceChange(TIKey("extract"), {"state": state})
    store.write(decision.save, [(row.id, decided)], [], START)


def test_a_running_task_is_followed_line_by_line(filled: Api, store: Store) -> None:
    set_state(store, "running")
    first = filled.ok("GET", f"{LOGS}/2", headers=JSON)
    assert events(first)[3:] == LINES
    token = first["continuation_token"]
    with path_of().open("a") as f:
        f.write('{"event": "new"}\nhalf a li')
    second = filled.ok("GET", f"{LOGS}/2", headers=JSON, params={"token": token})
    assert events(second) == ["new"]
    with path_of().open("a") as f:
        f.write("ne\nlast without an end")
    third = filled.ok(
        "GET", f"{LOGS}/2", headers=JSON, params={"token": second["continuation_token"]}
    )
    assert events(third) == ["half a line"]
    set_state(store, "success")
    end = filled.ok("GET", f"{LOGS}/2", headers=JSON, params={"token": third["continuation_token"]})
    assert events(end) == ["last without an end"]
    assert end["continuation_token"] is None
    whole = filled.ok(
        "GET", f"{LOGS}/2", headers=JSON, params={"token": token, "full_content": "true"}
    )
    assert len(whole["content"]) == 3 + len(LINES) + 3


def test_a_try_without_a_file_says_so(filled: Api) -> None:
    reply = filled.ok("GET", f"{LOGS}/1", headers=JSON)
    assert events(reply)[-1] == "No log of this attempt is here."
    assert filled.get(f"{LOGS}/0", headers=JSON).status_code == 404


def third_try(store: Store, state: str) -> tuple[int, str]:
    """Give ``extract`` a third try, which is queued; return its run and its attempt."""
    attempt_id = "00000000-0000-7000-8000-000000000099"
    with store.read() as conn:
        row = run.get(conn, "sales", "done")
    assert row is not None
    new = decision.NewAttempt(id=attempt_id, dag_run_id=row.id, task_id="extract", try_number=3)
    decided = Decision()
    values = {"state": state, "try_number": 3, "attempt_id": attempt_id, "queued_at": START}
    decided.changes[TIKey("extract")] = TaskInstanceChange(TIKey("extract"), values)
    store.write(decision.save, [(row.id, decided)], [new], START)
    return row.id, attempt_id


def test_a_try_that_was_refused_says_why(filled: Api, store: Store) -> None:
    _, attempt_id = third_try(store, "failed")
    store.write(remote.refuse, {attempt_id: "no worker can begin it: the key"}, START)
    reply = filled.ok("GET", f"{LOGS}/3", headers=JSON)
    assert events(reply)[-2:] == [
        "No log of this attempt is here.",
        "No worker can begin it: the key",
    ]
    assert reply["content"][-1]["level"] == "error"
    assert reply["content"][-1]["timestamp"] == START.isoformat().replace("+00:00", "Z")
    streamed = filled.get(f"{LOGS}/3", headers=NDJSON).text.splitlines()
    assert json.loads(streamed[-1]) == reply["content"][-1]


def test_a_try_whose_host_is_lost_says_so_after_its_own_lines_and_once(
    filled: Api, store: Store
) -> None:
    _, attempt_id = third_try(store, "running")
    store.write(attempt.start, [attempt.AttemptStart(attempt_id, "host-1", "worker", 7, START)])
    path_of(try_number=3).write_text('{"event": "mine"}\n')
    live = filled.get(f"{LOGS}/3", headers=NDJSON)
    assert "host is gone" not in live.text
    store.write(attempt.finish_lost, [attempt_id], "its worker host is gone", START)
    set_state(store, "failed")
    assert events(filled.ok("GET", f"{LOGS}/3", headers=JSON))[-2:] == [
        "mine",
        "Its worker host is gone",
    ]
    token = live.headers["airflow-continuation-token"]
    rest = filled.get(f"{LOGS}/3", headers=NDJSON, params={"token": token})
    assert [json.loads(line)["event"] for line in rest.text.splitlines()] == [
        "Its worker host is gone"
    ]
    token = rest.headers["airflow-continuation-token"]
    assert filled.get(f"{LOGS}/3", headers=NDJSON, params={"token": token}).text == ""


def test_a_try_whose_host_could_not_write_all_says_why(filled: Api, store: Store) -> None:
    _, attempt_id = third_try(store, "running")
    store.write(attempt.start, [attempt.AttemptStart(attempt_id, "host-1", "far", 7, START)])
    lost = "what it writes is lost: No space left on device"
    outcome = Outcome(
        attempt_id=attempt_id, state=TaskInstanceState.SUCCESS, ended_at=START, log_lost=lost
    )
    store.write(attempt.finish, [outcome])
    set_state(store, "success")
    path_of(try_number=3).write_text("")
    reply = filled.ok("GET", f"{LOGS}/3", headers=JSON)
    assert events(reply)[-1] == f"This log is not whole: on far, {lost}."
    assert reply["content"][-1]["level"] == "error"


def test_a_try_that_waits_for_a_worker_says_what_for(filled: Api, store: Store) -> None:
    third_try(store, "queued")
    reply = filled.ok("GET", f"{LOGS}/3", headers=JSON)
    assert any("waits for a worker to start it" in event for event in events(reply))


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (f"{LOGS}/3", "Task 'extract' has no try 3 in this run."),
        (
            LOGS.replace("extract", "nope") + "/1",
            "Run 'done' of DAG 'sales' has no task instance of 'nope'.",
        ),
    ],
)
def test_what_was_not_tried_has_no_log(shared: Api, path: str, told: str) -> None:
    reply = shared.get(path)
    assert (reply.status_code, reply.json()) == (404, {"detail": told})


@pytest.mark.parametrize("number", ["-1", "x", "1.5", "99999999999999999999999"])
def test_odd_try_numbers_are_refused(shared: Api, number: str) -> None:
    assert shared.get(f"{LOGS}/{number}").status_code in (404, 422)


@pytest.mark.parametrize("token", ["bogus", "e30", "eyJlbmQiOi0xfQ", "eyJlbmQiOnRydWV9", "é"])
def test_tokens_of_nobody_are_refused(shared: Api, token: str) -> None:
    reply = shared.get(f"{LOGS}/2", params={"token": token})
    assert reply.status_code == 400
    assert "not one that this API gave out" in reply.json()["detail"]


def test_a_token_beyond_the_end_shows_nothing(shared: Api) -> None:
    token = log_file.Span([], 0, 10**9).token(is_over=False)
    assert shared.ok("GET", f"{LOGS}/2", headers=JSON, params={"token": token})["content"] == []


def test_odd_bytes_and_long_lines_do_not_break_the_reply(filled: Api) -> None:
    odd = b"\xff\xfe\x00 not text\n" + b'{"event": 5}\n' + b"[1]\n" + b"x" * 3_000_000 + b"\n"
    odd += b'{"event": "a\\u0000\\ud800b"}\n' + b"[" * 5000 + b"\n" + b'{"a":' * 5000 + b"\n"
    path_of().write_bytes(odd)
    found = events(filled.ok("GET", f"{LOGS}/2", headers=JSON))
    assert found[4] == '{"event": 5}'
    assert sum(len(e) for e in found if set(e) == {"x"}) == 3_000_000


class TestPaths:
    @pytest.mark.parametrize("evil", ["../../etc", "a/b", "/etc/passwd", "a\x00b"])
    def test_ids_cannot_lead_out(self, home: Path, evil: str) -> None:
        for ids in ((evil, "r", "t"), ("d", evil, "t"), ("d", "r", evil)):
            with pytest.raises(log_file.UnsafePath):
                log_file.path_of(*ids, -1, 1)

    def test_a_link_cannot_lead_out_either(self, home: Path, tmp_path: Path) -> None:
        base = Path(conf.get("logging", "base_log_folder"))
        (base / "dag_id=d").mkdir(parents=True)
        os.symlink(tmp_path, base / "dag_id=d" / "run_id=r")
        with pytest.raises(log_file.UnsafePath):
            log_file.path_of("d", "r", "t", -1, 1)

    def test_dots_alone_are_names_like_any(self, home: Path) -> None:
        base = Path(conf.get("logging", "base_log_folder"))
        assert log_file.path_of("..", "..", "..", 3, 1) == (
            base / "dag_id=.." / "run_id=.." / "task_id=.." / "map_index=3" / "attempt=1.log"
        )
