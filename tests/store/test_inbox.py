"""The inbox: each message has its effect once, at the one who must see it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection
from tests.databases import DATABASES
from tests.store.build import NOW, create_run

from slipstream.store import Store, inbox, job, lease


def _post(store: Store, kind: str, **kwargs: Any) -> int:
    return store.write(inbox.post, target="scheduler", kind=kind, now=NOW, **kwargs)


def test_messages_come_in_order_and_stay_until_deleted(store: Store) -> None:
    ids = [_post(store, kind, payload={"n": kind}) for kind in ("a", "b", "c")]
    store.write(inbox.post, target="dag_processor", kind="other", now=NOW)
    for _ in range(2):
        taken = store.write(inbox.take, "scheduler", 2)
        assert [(m.id, m.kind, m.payload) for m in taken] == [
            (ids[0], "a", {"n": "a"}),
            (ids[1], "b", {"n": "b"}),
        ]
    store.write(inbox.delete, ids[:2])
    with store.read() as conn:
        assert inbox.pending(conn, ids) == {ids[2]}
        assert not inbox.is_empty(conn, "scheduler")
    store.write(inbox.delete, ids)
    with store.read() as conn:
        assert inbox.is_empty(conn, "scheduler")
        assert not inbox.is_empty(conn, "dag_processor")
        assert inbox.pending(conn, []) == set()


def test_a_new_run_is_told_of_in_its_own_transaction(store: Store) -> None:
    row = create_run(store)
    (message,) = store.write(inbox.take, "scheduler", 10)
    assert (message.kind, message.dag_id, message.dag_run_pk) == ("run_created", "d", row.id)


def _scheduler(store: Store, *dag_ids: str) -> str:
    owner = store.write(job.register, job_type="SchedulerJob", now=NOW)
    store.write(lease.claim_dags, owner, dag_ids)
    return owner


def _seen(store: Store, owner: str) -> dict[int, bool]:
    """Return the messages that a scheduler is shown, and whether their DAG is to be claimed."""
    with store.read() as conn:
        return {x.message.id: x.is_free for x in inbox.take_for(conn, owner, 100)}


def test_a_message_about_a_dag_or_a_run_is_shown_to_the_dags_owner_alone(store: Store) -> None:
    row = create_run(store, "d")
    told = [m.id for m in store.write(inbox.take, "scheduler", 10)]
    told += [_post(store, "dag_changed", dag_id="d"), _post(store, "clear", dag_run_pk=row.id)]
    store.write(inbox.post, target="dag_processor", kind="other", dag_id="d", now=NOW)
    first, second = _scheduler(store, "d"), _scheduler(store, "e")
    assert _seen(store, first) == dict.fromkeys(told, False)
    assert _seen(store, second) == {}


def test_a_message_finds_the_next_owner_when_its_reader_has_ended(store: Store) -> None:
    row = create_run(store, "d")
    store.write(inbox.delete, [m.id for m in store.write(inbox.take, "scheduler", 10)])
    first, second = _scheduler(store, "d"), _scheduler(store)
    about_run = _post(store, "attempts_changed", dag_run_pk=row.id)
    about_dag = _post(store, "dag_changed", dag_id="d")
    store.write(lease.end, first, "failed", NOW)
    # To be seen, so that somebody claims the DAG; to be acted upon only then.
    assert _seen(store, second) == {about_run: True, about_dag: True}
    with store.read() as conn:
        assert {x.dag_id for x in inbox.take_for(conn, second, 9)} == {"d"}
    store.write(lease.claim_dags, second, ["d"])
    assert _seen(store, second) == {about_run: False, about_dag: False}


def test_a_message_about_no_dag_is_for_whoever_comes_first(store: Store) -> None:
    first, second = _scheduler(store, "d"), _scheduler(store)
    about_all = _post(store, "pool_changed")
    assert _seen(store, first) == _seen(store, second) == {about_all: False}


def test_a_message_with_a_recipient_is_its_alone_and_ends_with_it(store: Store) -> None:
    first, second = _scheduler(store), _scheduler(store)
    store.write(inbox.post_to, [second], "members_changed", NOW)
    assert _seen(store, first) == {}
    assert list(_seen(store, second).values()) == [False]
    store.write(lease.end, second, "success", NOW)
    with store.read() as conn:
        assert inbox.is_empty(conn, "scheduler")


def test_a_message_about_a_run_that_is_driven_apart_is_left_while_it_is(store: Store) -> None:
    apart = store.write(job.register, job_type="DagTestJob", now=NOW)
    row = create_run(store, "d", owner=apart)
    store.write(inbox.delete, [m.id for m in store.write(inbox.take, "scheduler", 10)])
    owner = _scheduler(store, "d")
    about_run = _post(store, "clear", dag_id="d", dag_run_pk=row.id)
    assert _seen(store, owner) == {}
    store.write(lease.end, apart, "success", NOW)
    assert _seen(store, owner) == {about_run: False}


def test_many_messages_of_others_do_not_hide_the_own_ones(store: Store) -> None:
    first, second = _scheduler(store, "d"), _scheduler(store, "e")
    for _ in range(5):
        _post(store, "dag_changed", dag_id="d")
    mine = _post(store, "dag_changed", dag_id="e")
    with store.read() as conn:
        assert [x.message.id for x in inbox.take_for(conn, second, 1)] == [mine]
        assert len(inbox.take_for(conn, first, 3)) == 3


@pytest.mark.parametrize("dialect", DATABASES[1:], indirect=True)  # SQLite has one writer at a time
def test_a_message_that_is_being_taken_is_passed_over(store: Store) -> None:
    first, second = _post(store, "a"), _post(store, "b")

    def take_both(conn: Connection) -> tuple[list[int], list[int]]:
        mine = [m.id for m in inbox.take(conn, "scheduler", 1)]
        others = [m.id for m in store.write(inbox.take, "scheduler", 10)]
        return mine, others

    assert store.write(take_both) == ([first], [second])
