"""The inbox: each message has its effect once, at the one who must see it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection
from tests.databases import DATABASES
from tests.store.build import NOW, create_run, later

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


def test_messages_about_a_run_go_to_its_live_owner(store: Store) -> None:
    row = create_run(store)
    store.write(inbox.delete, [m.id for m in store.write(inbox.take, "scheduler", 10)])
    first = store.write(job.register, job_type="SchedulerJob", now=NOW)
    second = store.write(job.register, job_type="SchedulerJob", now=NOW)
    store.write(lease.claim_runs, owner=first, lapsed_before=NOW, limit=9)
    about_run = _post(store, "clear", dag_run_pk=row.id)
    about_all = _post(store, "pool_changed")

    def take(owner: str, lapsed: float = 0) -> list[int]:
        rows = store.write(inbox.take, "scheduler", 10, owner=owner, lapsed_before=later(lapsed))
        return [m.id for m in rows]

    assert take(second) == [about_all]
    assert take(first) == [about_run, about_all]
    store.write(job.heartbeat, [second], later(60))
    assert take(second, lapsed=30) == [about_run, about_all]


@pytest.mark.parametrize("dialect", DATABASES[1:], indirect=True)  # SQLite has one writer at a time
def test_a_message_that_is_being_taken_is_passed_over(store: Store) -> None:
    first, second = _post(store, "a"), _post(store, "b")

    def take_both(conn: Connection) -> tuple[list[int], list[int]]:
        mine = [m.id for m in inbox.take(conn, "scheduler", 1)]
        others = [m.id for m in store.write(inbox.take, "scheduler", 10)]
        return mine, others

    assert store.write(take_both) == ([first], [second])
