"""Attempts: each start and each finish is accepted exactly once."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import select
from tests.databases import DATABASES
from tests.store.build import NOW, Spawn, create_run, later, outcome, queue, starting
from tests.store.pair import race

from slipstream.attempt import Outcome, new_id
from slipstream.state import TaskInstanceState
from slipstream.store import Store, attempt, lease, schema, xcom
from slipstream.store.dialect.mysql import MySQL


def test_an_attempt_goes_from_queued_to_running_to_done(store: Store) -> None:
    row = create_run(store)
    ids = queue(store, row, ["a"])
    (id,) = ids.values()
    assert store.write(attempt.start, starting([id])) == {id}
    with store.read() as conn:
        started = attempt.get(conn, id)
    assert started is not None
    assert (started.state, started.host_id, started.pid) == ("running", "host-1", 7)
    assert started.started_at == later(1)
    end = outcome(id, exit_code=0, max_rss_kb=4096, xcoms=[{"key": "k", "value": 1}])
    assert store.write(attempt.finish, [end]) == {id}
    with store.read() as conn:
        done = attempt.get(conn, id)
    assert done is not None
    assert (done.state, done.applied, done.ended_at) == ("done", False, later(2))
    assert done.outcome == Outcome(
        attempt_id=id,
        state=TaskInstanceState.SUCCESS,
        ended_at=later(2),
        exit_code=0,
        max_rss_kb=4096,
    )


def test_a_second_host_is_refused(store: Store) -> None:
    ids = list(queue(store, create_run(store), ["a", "b"]).values())
    assert store.write(attempt.start, starting(ids[:1])) == {ids[0]}
    assert store.write(attempt.start, starting(ids, host="host-2")) == {ids[1]}


def test_the_same_start_told_twice_is_the_same_start(store: Store) -> None:
    ids = list(queue(store, create_run(store), ["a"]).values())
    for _ in range(2):
        assert store.write(attempt.start, starting(ids)) == set(ids)
    assert store.write(attempt.start, starting(ids, pid=8)) == set()


def test_the_same_finish_told_twice_writes_its_xcoms_once(store: Store) -> None:
    row = create_run(store)
    (id,) = queue(store, row, ["a"]).values()
    store.write(attempt.start, starting([id]))
    end = outcome(id, xcoms=[{"key": "k", "value": 1}])
    assert store.write(attempt.finish, [end]) == {id}
    store.write(xcom.delete, row.id, "a")  # as a clear does
    assert store.write(attempt.finish, [end]) == {id}
    with store.read() as conn:
        assert xcom.get(conn, row.id, "a", "k") is None
    assert store.write(attempt.finish, [outcome(id, error="another")]) == set()


def test_finish_needs_a_start(store: Store) -> None:
    (id,) = queue(store, create_run(store), ["a"]).values()
    assert store.write(attempt.finish, [outcome(id)]) == set()


def test_unknown_attempts_are_refused(store: Store) -> None:
    assert store.write(attempt.start, starting([new_id()])) == set()
    assert store.write(attempt.finish, [outcome(new_id(), xcoms=[])]) == set()
    assert store.write(attempt.start, []) == set()
    assert store.write(attempt.finish, []) == set()
    assert store.write(attempt.finish_lost, [], "gone", NOW) == set()


def test_large_batches_are_accepted_whole(store: Store) -> None:
    row = create_run(store)
    ids = list(queue(store, row, [f"t{i}" for i in range(1100)]).values())
    assert store.write(attempt.start, starting(ids)) == set(ids)
    assert store.write(attempt.finish, [outcome(id) for id in ids]) == set(ids)


def _forget_prepared(conn: Any) -> None:
    conn.connection.dbapi_connection.pgconn.exec_(b"DEALLOCATE ALL")


def test_statements_that_the_server_has_forgotten_are_prepared_anew(store: Store) -> None:
    ids = list(queue(store, create_run(store), ["a", "b", "c"]).values())
    for id in ids:
        assert store.write(attempt.start, starting([id])) == {id}
        if store.dialect == "postgresql":
            # As psycopg does after a rollback; its own and ours are then gone from the server.
            store.write(_forget_prepared)


def test_a_finish_brings_xcoms_and_rendered_fields(store: Store) -> None:
    row = create_run(store)
    ids = queue(store, row, ["a", "b"])
    store.write(attempt.start, starting(ids.values()))
    entries = [
        {"key": "return_value", "value": {"deep": [1, None, "é\x00"]}},
        {"key": "pushed", "value": 2.5, "task_id": "c", "map_index": 4},
    ]
    ends = [
        outcome(ids["a"], xcoms=entries, rendered_fields={"bash_command": "echo 1"}),
        outcome(ids["b"]),
    ]
    store.write(attempt.finish, ends)
    with store.read() as conn:
        returned = xcom.get(conn, row.id, "a")
        pushed = xcom.get(conn, row.id, "c", "pushed", 4)
        assert xcom.get(conn, row.id, "b") is None
        columns = schema.attempt.c
        seen = conn.execute(select(columns.task_id, columns.rendered_fields))
        fields = {row.task_id: row.rendered_fields for row in seen}
    assert returned is not None
    assert returned.value == {"deep": [1, None, "é\x00"]}
    assert pushed is not None
    assert pushed.value == 2.5
    assert fields == {"a": '{"bash_command":"echo 1"}', "b": None}


def test_a_refused_finish_leaves_no_xcoms(store: Store) -> None:
    row = create_run(store)
    (id,) = queue(store, row, ["a"]).values()
    store.write(attempt.finish, [outcome(id, xcoms=[{"key": "k", "value": 1}])])
    with store.read() as conn:
        assert xcom.list(conn, row.id) == []


def test_lost_attempts_end_whether_started_or_not(store: Store) -> None:
    row = create_run(store)
    ids = queue(store, row, ["queued", "running", "done"])
    store.write(attempt.start, starting([ids["running"], ids["done"]]))
    store.write(attempt.finish, [outcome(ids["done"])])
    lost = store.write(attempt.finish_lost, ids.values(), "the host vanished", later(5))
    assert lost == {ids["queued"], ids["running"]}
    with store.read() as conn:
        found = attempt.get(conn, ids["queued"])
    assert found is not None
    assert found.outcome is not None
    assert found.outcome.host_lost
    assert found.outcome.error == "the host vanished"
    assert store.write(attempt.start, starting([ids["queued"]])) == set()


def test_a_scheduler_sees_the_attempts_of_its_runs_only(store: Store) -> None:
    mine, other = create_run(store, "d", "1"), create_run(store, "d", "2")
    store.write(lease.claim_dags, "me", ["d"])
    store.write(lease.claim_runs, owner="me", limit=1)
    with store.read() as conn:
        (owned,) = lease.owned(conn, "me")
    mine, other = (mine, other) if owned.id == mine.id else (other, mine)
    ids = queue(store, mine, ["open", "running", "ended", "applied"])
    queue(store, other, ["elsewhere"])
    store.write(attempt.start, starting([ids["running"], ids["ended"]]))
    store.write(attempt.finish, [outcome(ids["ended"])])
    with store.read() as conn:
        assert {a.task_id for a in attempt.open(conn, "me")} == {"open", "running", "applied"}
        assert [a.task_id for a in attempt.unapplied(conn, "me")] == ["ended"]
        assert attempt.unapplied(conn, "nobody") == []


def test_two_hosts_start_each_attempt_once(store: Store, store_url: str, spawn: Spawn) -> None:
    row = create_run(store)
    ids = list(queue(store, row, [f"t{i}" for i in range(200)]).values())
    first, second = race(spawn, "start_attempts", store_url, json.dumps(ids))
    assert sorted(first + second) == sorted(ids)
    with store.read() as conn:
        hosts = {a.id: a.host_id for a in attempt.get_many(conn, ids).values()}
    assert {id for id, host in hosts.items() if host == "host-0"} == set(first)


def test_two_hosts_finish_each_attempt_once(store: Store, store_url: str, spawn: Spawn) -> None:
    row = create_run(store)
    ids = list(queue(store, row, [f"t{i}" for i in range(200)]).values())
    store.write(attempt.start, starting(ids))
    first, second = race(spawn, "finish_attempts", store_url, json.dumps(ids))
    assert sorted(first + second) == sorted(ids)
    with store.read() as conn:
        by_id = {a.id: a for a in attempt.get_many(conn, ids).values()}
        values = {x.task_id: x.value for x in xcom.list(conn, row.id)}
    for id, done in by_id.items():
        winner = "host-0" if id in first else "host-1"
        assert done.outcome is not None
        assert (done.outcome.error, values[done.task_id]) == (winner, winner)


def test_an_xcom_that_cannot_be_stored_names_its_attempt_and_writes_nothing(store: Store) -> None:
    row = create_run(store)
    ids = queue(store, row, ["good", "bad"])
    store.write(attempt.start, starting(ids.values()))
    good = outcome(ids["good"], xcoms=[{"key": "k", "value": 1}])
    bad = outcome(ids["bad"], xcoms=[{"key": "x" * 513, "value": 1}])
    with pytest.raises(attempt.UnstorableOutcome, match="at most 512") as caught:
        store.write(attempt.finish, [good, bad])
    assert caught.value.reasons.keys() == {ids["bad"]}
    failed = outcome(ids["bad"], state="failed", error=caught.value.reasons[ids["bad"]])
    assert store.write(attempt.finish, [good, failed]) == set(ids.values())


@pytest.mark.parametrize("dialect", DATABASES[2:], indirect=True)
def test_a_value_larger_than_the_servers_packets_is_refused_in_words(store: Store) -> None:
    row = create_run(store)
    with store.read() as conn:
        limit = MySQL().max_text_bytes(conn)
    fits = "x" * (limit - 100_000)
    store.write(xcom.set, row.id, "a", "k", fits)
    with pytest.raises(xcom.Unstorable, match="Keep large data elsewhere"):
        store.write(xcom.set, row.id, "a", "k", '"' * (limit // 3))
