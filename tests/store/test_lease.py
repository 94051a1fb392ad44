"""Leases and jobs: a DAG has one owner, and a dead owner's DAGs and runs go to the living."""

from __future__ import annotations

import subprocess

import pytest
from tests.store.build import (
    AFTER,
    NOW,
    Spawn,
    changing,
    create_run,
    later,
    parsed_dag,
    parsed_file,
)
from tests.store.pair import go, race, result, wait_ready

from slipstream.attempt import new_id
from slipstream.store import Connection, Store, dag, decision, inbox, job, lease, pool, quota
from slipstream.store.dialect import NotHeld
from slipstream.store.row import QuotaRow


def _register(store: Store, at: float = 0) -> str:
    return store.write(job.register, job_type="SchedulerJob", now=later(at))


def _add_dags(store: Store, *dag_ids: str) -> None:
    files = [parsed_file(f"{dag_id}.py", parsed_dag(dag_id)) for dag_id in dag_ids]
    store.write(dag.upsert_file, files, NOW)


def _owner_of(store: Store, *dag_ids: str) -> str:
    owner = _register(store)
    store.write(lease.claim_dags, owner, dag_ids)
    return owner


def _claim(store: Store, owner: str, limit: int = 9) -> list[str]:
    return [r.run_id for r in store.write(lease.claim_runs, owner=owner, limit=limit)]


def test_a_dag_is_claimed_once_and_free_again_when_given_up(store: Store) -> None:
    _add_dags(store, "a", "b", "c")
    first, second = _register(store), _register(store)
    with store.read() as conn:
        assert lease.free_dags(conn) == ["a", "b", "c"]
    assert store.write(lease.claim_dags, first, ["a", "b"]) == ["a", "b"]
    assert store.write(lease.claim_dags, second, ["a", "b", "c"]) == ["c"]
    assert store.write(lease.claim_dags, second, []) == []
    with store.read() as conn:
        assert lease.free_dags(conn) == []
        assert lease.count_dags(conn) == {first: 2, second: 1}
        assert lease.owned_dags(conn, first) == {"a", "b"}
    store.write(lease.give_up_dags, second, ["a", "c"])  # "a" is not its own to give
    with store.read() as conn:
        assert lease.free_dags(conn) == ["c"]
        assert lease.count_dags(conn) == {first: 2, None: 1}


def test_runs_come_and_go_with_their_dag(store: Store) -> None:
    create_run(store, "d", "of d")
    create_run(store, "e", "of e")
    first, second = _owner_of(store, "d"), _owner_of(store, "e")
    assert _claim(store, first) == ["of d"]
    assert _claim(store, second) == ["of e"]
    store.write(lease.give_up_dags, first, ["d"])
    assert _claim(store, second) == []
    store.write(lease.claim_dags, second, ["d"])
    assert _claim(store, second) == ["of d"]


def test_runs_are_claimed_oldest_first(store: Store) -> None:
    for number in (3, 1, 2):
        create_run(store, "d", str(number), run_after=later(number))
    owner = _owner_of(store, "d")
    assert _claim(store, owner, limit=2) == ["1", "2"]
    assert _claim(store, owner) == ["3"]
    with store.read() as conn:
        assert [(r.run_id, r.owner) for r in lease.owned(conn, owner)] == [
            (number, owner) for number in "123"
        ]


def test_a_run_that_is_driven_apart_is_left_to_who_drives_it(store: Store) -> None:
    apart = store.write(job.register, job_type="DagTestJob", now=NOW)
    create_run(store, "d", "apart", owner=apart)
    owner = _owner_of(store, "d")
    assert _claim(store, owner) == []
    store.write(job.end, apart, "failed", NOW)
    assert _claim(store, owner) == ["apart"]


def test_what_an_ended_owner_had_is_free_and_its_end_counts_once(store: Store) -> None:
    _add_dags(store, "d")
    create_run(store, "d", "r")
    store.write(pool.upsert, "p", 4)
    first, second = _owner_of(store, "d"), _register(store)
    assert _claim(store, first) == ["r"]
    store.write(quota.save, [QuotaRow("p", first, 3, 0, 0)])
    assert store.write(lease.end, first, "failed", NOW)
    assert not store.write(lease.end, first, "failed", NOW)
    with store.read() as conn:
        assert lease.free_dags(conn) == ["d"]
        assert lease.owned(conn, first) == []
        assert quota.of_pools(conn, ["p"]) == {"p": []}
    assert store.write(lease.claim_dags, second, ["d"]) == ["d"]
    assert _claim(store, second) == ["r"]


def test_what_an_owner_whose_job_was_ended_by_others_had_is_found(store: Store) -> None:
    _add_dags(store, "d")
    store.write(pool.upsert, "p", 4)
    first, second = _owner_of(store, "d"), _register(store)
    store.write(quota.save, [QuotaRow("p", second, 3, 0, 0)])
    with store.read() as conn:
        assert lease.stray_owners(conn) == []
    for owner in (first, second):
        store.write(job.end, owner, "failed", NOW)
    with store.read() as conn:
        assert sorted(lease.stray_owners(conn)) == sorted([first, second])
        assert lease.free_dags(conn) == ["d"]
        assert lease.count_dags(conn) == {None: 1}
    store.write(lease.release, first)
    store.write(lease.release, second)
    with store.read() as conn:
        assert lease.stray_owners(conn) == []
    store.write(inbox.post_to, [first], "members_changed", NOW)  # by who has not heard of its end
    with store.read() as conn:
        assert lease.stray_owners(conn) == [first]
    store.write(lease.release, first)
    with store.read() as conn:
        assert lease.stray_owners(conn) == []


def test_finished_runs_are_not_claimed(store: Store) -> None:
    row = create_run(store)
    decided = changing([])
    decided.run = {"state": "success"}
    store.write(decision.save, [(row.id, decided)], [], NOW)
    assert _claim(store, _owner_of(store, "d")) == []


def test_a_dag_that_is_gone_leaves_its_lease_until_the_owner_has_heard(store: Store) -> None:
    _add_dags(store, "d")
    first, second = _owner_of(store, "d"), _register(store)
    store.write(dag.delete, "d")
    with store.read() as conn:
        assert lease.owned_dags(conn, first) == {"d"}
        assert lease.count_dags(conn) == {}
    store.write(lease.forget_dags, second, ["d"])
    with store.read() as conn:
        assert lease.owned_dags(conn, first) == {"d"}
    store.write(lease.forget_dags, first, ["d"])
    with store.read() as conn:
        assert lease.owned_dags(conn, first) == set()


def test_two_schedulers_claim_each_dag_once(store: Store, store_url: str, spawn: Spawn) -> None:
    names = [f"d{number:02}" for number in range(60)]
    _add_dags(store, *names)
    first, second = race(spawn, "claim_dags", store_url, hosts=False)
    assert sorted(first + second) == names


def test_two_who_bury_the_same_scheduler_do_it_once(
    store: Store, store_url: str, spawn: Spawn
) -> None:
    dead = _owner_of(store, *(f"d{number}" for number in range(20)))
    pair = [spawn("bury", store_url, dead) for _ in range(2)]
    for process in pair:
        wait_ready(process)
    for process in pair:
        go(process)
    assert sorted(result(process) for process in pair) == [False, True]


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
