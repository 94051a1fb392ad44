"""Warnings of pools that do not exist come and go with the pools."""

from __future__ import annotations

import pytest
from tests.store.build import NOW, later, parsed_dag, parsed_file

from slipstream.store import Store, dag, dag_warning, pool


@pytest.fixture
def specs(store: Store) -> dict[str, dag.DagSpec]:
    """Save a DAG with tasks in two pools, and one without a pool of its own."""
    given = {
        "d": [("a", "one"), ("b", "two"), ("c", "two")],
        "plain": [("a", None)],
    }
    found = {}
    for dag_id, tasks in given.items():
        spec = {
            "tasks": [
                {"task_id": t, "type": "T", "module": "m"} | ({"pool": p} if p else {})
                for t, p in tasks
            ]
        }
        parsed = parsed_dag(dag_id, spec=spec)
        store.write(dag.upsert_file, parsed_file(f"{dag_id}.py", parsed), NOW)
        found[dag_id] = parsed.spec
    return found


def told(store: Store) -> dict[str, str]:
    with store.read() as conn:
        return {w.dag_id: w.message for w in dag.warnings(conn)}


def test_warnings_follow_the_pools(store: Store, specs: dict[str, dag.DagSpec]) -> None:
    store.write(dag_warning.check_pools, specs, NOW)
    assert set(told(store)) == {"d"}
    assert "'one', 'two'" in told(store)["d"]
    store.write(pool.upsert, "one", 3)
    assert "'one'" not in told(store)["d"]
    store.write(pool.upsert, "two", 3)
    assert told(store) == {}
    store.write(pool.delete, "two")
    assert "'two'" in told(store)["d"]


def test_a_warning_that_holds_keeps_its_time(store: Store, specs: dict[str, dag.DagSpec]) -> None:
    store.write(dag_warning.check_pools, specs, NOW)
    store.write(dag_warning.check_pools, specs, later(60))
    with store.read() as conn:
        (found,) = dag.warnings(conn)
    assert found.timestamp == NOW
    assert found.warning_type == "non-existent pool"
