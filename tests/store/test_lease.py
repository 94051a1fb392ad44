"""Leases and jobs: a run has one owner, and a dead owner's runs go to the living."""

from __future__ import annotations

import subprocess

import pytest
from tests.store.build import AFTER, NOW, Spawn, changing, create_run, later
from tests.store.pair import go, race, wait_ready

from slipstream.attempt import new_id
from slipstream.store import Connection, Store, decision, job, lease
from slipstream.store.dialect import NotHeld


def _register(store: Store, at: float = 0) -> str:
    return store.write(job.register, job_type="SchedulerJob", now=later(at))


def test_unowned_runs_are_claimed_oldest_first(store: Store) -> None:
    for number in (3, 1, 2):
        create_run(store, "d", str(number), run_after=later(number))
    owner = _register(store)
    claimed = store.write(lease.claim_runs, owner=owner, lapsed_before=NOW, limit=2)
    assert [(r.run_id, r.owner) for r in claimed] == [("1", owner), ("2", owner)]
    rest = store.write(lease.claim_runs, owner=owner, lapsed_before=NOW, limit=9)
    assert [r.run_id for r in rest] == ["3"]
    with store.read() as conn:
        assert [r.run_id for r in lease.owned(conn, owner)] == ["1", "2", "3"]


def test_a_live_owners_runs_are_left_alone_and_a_dead_ones_taken(store: Store) -> None:
    create_run(store)
    first, second = _register(store), _register(store)
    store.write(lease.claim_runs, owner=first, lapsed_before=NOW, limit=9)
    assert store.write(lease.claim_runs, owner=second, lapsed_before=NOW, limit=9) == []
    store.write(job.heartbeat, [second], later(60))
    taken = store.write(lease.claim_runs, owner=second, lapsed_before=later(30), limit=9)
    assert [r.owner for r in taken] == [second]


def test_an_owner_that_ended_has_no_lease(store: Store) -> None:
    create_run(store)
    first, second = _register(store), _register(store)
    store.write(lease.claim_runs, owner=first, lapsed_before=NOW, limit=9)
    store.write(job.end, first, "success", NOW)
    assert len(store.write(lease.claim_runs, owner=second, lapsed_before=NOW, limit=9)) == 1


def test_released_runs_are_free_at_once(store: Store) -> None:
    create_run(store)
    first, second = _register(store), _register(store)
    store.write(lease.claim_runs, owner=first, lapsed_before=NOW, limit=9)
    store.write(lease.release, first)
    assert len(store.write(lease.claim_runs, owner=second, lapsed_before=NOW, limit=9)) == 1


def test_finished_runs_are_not_claimed(store: Store) -> None:
    row = create_run(store)
    decided = changing([])
    decided.run = {"state": "success"}
    store.write(decision.save, [(row.id, decided)], [], NOW)
    assert store.write(lease.claim_runs, owner=_register(store), lapsed_before=NOW, limit=9) == []


def test_two_schedulers_claim_each_run_once(store: Store, store_url: str, spawn: Spawn) -> None:
    ids = {create_run(store, "d", str(number)).id for number in range(60)}
    first, second = race(spawn, "claim", store_url, hosts=False)
    assert len(first) + len(second) == 60
    assert set(first) | set(second) == ids


def test_jobs_are_found_by_type_and_heartbeat(store: Store) -> None:
    old, young = _register(store), _register(store, 50)
    host = store.write(
        job.register, job_type="WorkerHost", now=NOW, executor="LocalExecutor", parent_id=young
    )
    with store.read() as conn:
        alive = job.list_alive(conn, "SchedulerJob", since=later(20))
        lapsed = job.list_lapsed(conn, "SchedulerJob", before=later(20))
        newest = job.latest(conn, "SchedulerJob")
        children = job.children(conn, young)
        row = job.get(conn, host)
    assert [j.id for j in alive] == [young]
    assert [j.id for j in lapsed] == [old]
    assert newest is not None
    assert newest.id == young
    assert [j.id for j in children] == [host]
    assert row is not None
    assert (row.state, row.executor, row.started_at) == ("running", "LocalExecutor", NOW)
    assert row.pid_started is not None
    assert row.pid_started > 0


def test_a_heartbeat_tells_which_jobs_were_ended_by_others(store: Store) -> None:
    mine, ended = _register(store), _register(store)
    assert store.write(job.heartbeat, [mine, ended], later(1)) == {mine, ended}
    store.write(job.end, ended, "failed", later(2))
    store.write(job.end, ended, "success", later(3))
    assert store.write(job.heartbeat, [mine, ended], later(4)) == {mine}
    with store.read() as conn:
        row = job.get(conn, ended)
    assert row is not None
    assert (row.state, row.ended_at, row.heartbeat_at) == ("failed", later(2), later(1))


def test_a_lease_that_holds_does_so_until_the_transaction_ends(
    store: Store, store_url: str, spawn: Spawn
) -> None:
    owner = _register(store)

    def write(conn: Connection) -> subprocess.Popen[str]:
        lease.require(conn, owner)
        lease.owned(conn, owner)  # what was sent has run
        rival = spawn("end_job", store_url, owner)
        wait_ready(rival)
        go(rival)
        with pytest.raises(subprocess.TimeoutExpired):
            rival.wait(0.3)
        return rival

    rival = store.write(write)
    assert rival.wait(AFTER) == 0
    for gone in (owner, new_id()):
        with pytest.raises(NotHeld):
            store.write(lease.require, gone)


def test_two_schedulers_do_not_wait_for_each_others_leases(store: Store) -> None:
    mine, other = _register(store), _register(store)

    def write(conn: Connection) -> None:
        lease.require(conn, mine)
        lease.owned(conn, mine)  # what was sent has run
        store.write(lease.require, other)

    if store.dialect == "sqlite":  # one writer at a time
        store.write(lease.require, mine)
        store.write(lease.require, other)
    else:
        store.write(write)


@pytest.mark.parametrize("dialect", ["postgresql", "mysql"], indirect=True)
def test_a_transaction_whose_process_is_stopped_is_not_in_the_way_for_ever(store: Store) -> None:
    with store.read() as conn:
        if store.dialect == "postgresql":
            assert (
                conn.exec_driver_sql("SHOW idle_in_transaction_session_timeout").scalar() == "30s"
            )
        elif "MariaDB" in str(conn.exec_driver_sql("SELECT version()").scalar()):
            assert conn.exec_driver_sql("SELECT @@idle_transaction_timeout").scalar() == 30
