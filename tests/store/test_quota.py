"""Quotas: each scheduler has its part of a pool, and what nobody owns is counted, too."""

from __future__ import annotations

import pytest
from tests.store.build import NOW, Spawn, changing, create_run, parsed_dag, parsed_file
from tests.store.pair import race

from slipstream.store import Store, dag, decision, job, lease, pool, quota
from slipstream.store.row import QuotaRow


def _occupy(store: Store, dag_id: str, slots: int, state: str = "running", name: str = "p") -> None:
    row = create_run(store, dag_id)
    values = {"state": state, "pool": name, "pool_slots": slots}
    decided = changing(["a"], is_new=True, **values)
    store.write(decision.save, [(row.id, decided)], [], NOW)


def _register(store: Store) -> str:
    return store.write(job.register, job_type="SchedulerJob", now=NOW)


def test_quotas_are_written_whole_and_go_with_their_pool(store: Store) -> None:
    store.write(pool.upsert, "p", 8)
    store.write(pool.upsert, "q", 8)
    store.write(quota.save, [QuotaRow("p", "me", 3, 1, 2), QuotaRow("q", "you", 5, 0, 0)])
    store.write(quota.save, [QuotaRow("p", "me", 4, 0, 0)])
    with store.read() as conn:
        assert quota.of_pools(conn, ["p", "q"]) == {
            "p": [QuotaRow("p", "me", 4, 0, 0)],
            "q": [QuotaRow("q", "you", 5, 0, 0)],
        }
    store.write(pool.delete, "p")
    with store.read() as conn:
        assert quota.of_pools(conn, ["p"]) == {"p": []}


def test_slots_of_dags_without_an_owner_are_counted(store: Store) -> None:
    store.write(pool.upsert, "p", 8)
    files = [parsed_file(f"{name}.py", parsed_dag(name)) for name in "abc"]
    store.write(dag.upsert_file, files, NOW)
    _occupy(store, "a", 3)
    _occupy(store, "b", 2, "queued")
    _occupy(store, "c", 1, "scheduled")
    owner = _register(store)
    store.write(lease.claim_dags, owner, ["a"])
    with store.read() as conn:
        assert quota.use_of_nobody(conn) == {"p": 2}
        assert quota.use_of_dags(conn, ["a", "c"]) == {"p": 3}
    store.write(job.end, owner, "failed", NOW)
    with store.read() as conn:
        assert quota.use_of_nobody(conn) == {"p": 5}


@pytest.mark.parametrize(("include_deferred", "used"), [(False, {}), (True, {"p": 2})])
def test_deferred_instances_count_where_the_pool_says_so(
    store: Store, include_deferred: bool, used: dict[str, int]
) -> None:
    store.write(pool.upsert, "p", 8, None, include_deferred)
    _occupy(store, "d", 2, "deferred")
    with store.read() as conn:
        assert quota.use_of_dags(conn, ["d"]) == quota.use_of_nobody(conn) == used


def test_two_who_reach_for_the_last_slot_never_both_have_it(
    store: Store, store_url: str, spawn: Spawn
) -> None:
    store.write(pool.upsert, "p", 1)
    first, second = race(spawn, "move_slots", store_url, "40", hosts=False)
    assert first + second > 0
