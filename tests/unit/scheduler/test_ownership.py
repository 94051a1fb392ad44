"""One scheduler owns every DAG there is, however many and whenever they come."""

from __future__ import annotations

from tests.unit.scheduler.harness import Rig, dag_spec

from slipstream.store import inbox, lease


def _owned(rig: Rig) -> int:
    with rig.store.read() as conn:
        return len(lease.owned_dags(conn, rig.scheduler.id))


def test_more_dags_than_a_transaction_claims_are_all_claimed(rig: Rig) -> None:
    rig.add_dags([dag_spec(f"d{i:03}", {"a": []}) for i in range(620)])
    rig.start()
    assert _owned(rig) == 620
    rig.add_dags([dag_spec(f"e{i:03}", {"a": []}) for i in range(10)])
    rig.turn(5)
    assert _owned(rig) == 630
    row = rig.trigger("e009")
    rig.work()
    assert rig.run_state(row) == "success"


def test_a_dag_that_comes_with_a_run_is_claimed_at_once(rig: Rig) -> None:
    rig.start()
    rig.turn()
    rig.add_dag(dag_spec("new", {"a": []}))
    row = rig.trigger("new")
    rig.turn()
    assert rig.executor.here() == ["a"]
    rig.work()
    assert rig.run_state(row) == "success"
    with rig.store.read() as conn:
        assert inbox.is_empty(conn, "scheduler")


def test_who_stops_owns_nothing_any_more(rig: Rig) -> None:
    rig.add_dag(dag_spec("d", {"a": []}))
    rig.start()
    assert _owned(rig) == 1
    rig.scheduler.stop()
    assert _owned(rig) == 0
    with rig.store.read() as conn:
        assert lease.stray_owners(conn) == []
