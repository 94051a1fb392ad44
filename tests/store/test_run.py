"""Dag runs: created once, found by every name that people have for them."""

from __future__ import annotations

import pytest
from tests.store.build import (
    NOW,
    changing,
    count,
    create_run,
    later,
    new_run,
    outcome,
    queue,
    starting,
)

from slipstream.errors import DuplicateRun
from slipstream.store import (
    Connection,
    Store,
    attempt,
    decision,
    inbox,
    run,
    schema,
    task_instance,
    xcom,
)


def test_a_run_holds_what_it_was_made_of(store: Store) -> None:
    new = new_run(
        "d",
        "r",
        logical_date=NOW,
        data_interval_start=later(-60),
        data_interval_end=NOW,
        conf={"a": [1, "é"]},
        note="n",
        triggered_by="cli",
        triggering_user="me",
        partition_key="p",
    )
    row = store.write(run.create, new, later(5))
    with store.read() as conn:
        assert run.get(conn, "d", "r") == run.get_by_pk(conn, row.id) == row
        assert run.get_by_logical_date(conn, "d", NOW) == row
        assert run.get(conn, "d", "R") is None
    assert (row.state, row.queued_at, row.conf, row.clear_number) == (
        "queued",
        later(5),
        {"a": [1, "é"]},
        0,
    )
    assert (row.data_interval_start, row.logical_date) == (later(-60), NOW)


def test_the_longest_run_type_fits(store: Store) -> None:
    assert create_run(store, run_type="asset_materialization").run_type == "asset_materialization"


def test_a_taken_run_id_is_refused_and_the_transaction_goes_on(store: Store) -> None:
    create_run(store)

    def both(conn: Connection) -> None:
        with pytest.raises(DuplicateRun, match="already has a run 'r'"):
            run.create(conn, new_run("d", "r"), later(1))
        run.create(conn, new_run("d", "other"), later(1))

    store.write(both)
    with store.read() as conn:
        assert run.get(conn, "d", "other") is not None
        assert len(inbox.pending(conn, range(10_000))) == 2


def test_a_taken_logical_date_names_the_run_that_has_it(store: Store) -> None:
    create_run(store, "d", "first", logical_date=NOW)
    with pytest.raises(DuplicateRun, match="run 'first' for the logical date"):
        create_run(store, "d", "second", logical_date=NOW)
    create_run(store, "other", "second", logical_date=NOW)
    for number in range(2):
        create_run(store, "d", f"without-{number}")


def test_neighbours_are_found_by_logical_date(store: Store) -> None:
    rows = {
        n: create_run(store, "d", str(n), logical_date=later(n * 60), run_type=run_type)
        for n, run_type in enumerate(("scheduled", "scheduled", "manual", "backfill"))
    }
    create_run(store, "e", "x", logical_date=later(90), run_type="scheduled")
    decided = changing([])
    decided.run = {"state": "success"}
    store.write(decision.save, [(rows[0].id, decided)], [], NOW)
    with store.read() as conn:
        latest = run.latest_automated(conn, "d")
        many = run.latest_automated_of(conn, ["d", "e", "none"])
        before = run.previous(conn, "d", later(120))
        good = run.previous(conn, "d", later(120), state="success")
        after = run.next_after(conn, "d", later(60))
        between = run.list_by_logical_date(conn, "d", later(60), later(120))
        everything = run.list_by_logical_date(conn, "d")
        nothing = run.latest_automated(conn, "none")
    assert latest is not None
    assert latest.run_id == "3"
    assert {k: r.run_id for k, r in many.items()} == {"d": "3", "e": "x"}
    assert before is not None
    assert before.run_id == "1"
    assert good is not None
    assert good.run_id == "0"
    assert after is not None
    assert after.run_id == "2"
    assert [r.run_id for r in between] == ["1", "2"]
    assert [r.run_id for r in everything] == ["0", "1", "2", "3"]
    assert nothing is None


def test_active_runs_are_counted(store: Store) -> None:
    for number in range(5):
        row = create_run(store, "d", str(number))
        decided = changing([])
        decided.run = {"state": ("running", "running", "queued", "success", "failed")[number]}
        store.write(decision.save, [(row.id, decided)], [], NOW)
    with store.read() as conn:
        assert run.count_active(conn, ["d", "none"]) == {"d": (2, 1), "none": (0, 0)}
        assert run.count_by_state(conn, "d", ["0", "3"]) == {"running": 1, "success": 1}


def test_occupancy_counts_what_executes_and_deferred_slots(store: Store) -> None:
    first, second = create_run(store, "d", "1", owner="me"), create_run(store, "d", "2")
    items = [
        (first.id, changing(["a", "b"], is_new=True, state="running", pool="p", pool_slots=2)),
        (first.id, changing(["c"], is_new=True, state="deferred", pool="p", pool_slots=3)),
        (second.id, changing(["a"], is_new=True, state="queued", pool="p")),
        (second.id, changing(["b"], is_new=True, state="scheduled", pool="p")),
    ]
    store.write(decision.save, items, [], NOW)
    with store.read() as conn:
        seen = task_instance.count_executing(conn)
    assert seen.pool_slots == {"p": {"running": 4, "deferred": 3, "queued": 1}}
    assert (seen.per_owner, seen.per_dag) == ({"me": 2, None: 1}, {"d": 3})
    assert seen.slots_of == {
        ("me", "p", "running"): 4,
        ("me", "p", "deferred"): 3,
        (None, "p", "queued"): 1,
    }
    assert seen.per_task == {("d", "a"): 2, ("d", "b"): 1}
    assert seen.per_run == {first.id: 2, second.id: 1}
    assert seen.per_run_task[first.id, "a"] == 1


def test_deleting_a_run_takes_all_its_rows(store: Store) -> None:
    row, other = create_run(store), create_run(store, "d", "other")
    ids = queue(store, row, ["a"])
    queue(store, other, ["a"])
    store.write(attempt.start, starting(ids.values()))
    end = outcome(ids["a"], xcoms=[{"key": "k", "value": 1}])
    store.write(attempt.finish, [end])
    story = changing(["a"], state="success", story=True)
    store.write(decision.save, [(row.id, story)], [], NOW)
    assert store.write(run.delete, row.id)
    assert not store.write(run.delete, row.id)
    with store.read() as conn:
        for table in (schema.xcom, schema.task_event):
            assert count(conn, table) == 0
        assert count(conn, schema.task_instance) == 1
        assert count(conn, schema.attempt) == 1


def test_notes_are_set_and_removed(store: Store) -> None:
    row = create_run(store)
    queue(store, row, ["a"])
    store.write(run.set_note, row.id, "of the run")
    store.write(task_instance.set_note, row.id, "a", -1, "of the task")
    with store.read() as conn:
        found, ti = run.get_by_pk(conn, row.id), task_instance.get(conn, row.id, "a")
    assert found is not None
    assert ti is not None
    assert (found.note, ti.note) == ("of the run", "of the task")
    store.write(run.set_note, row.id, None)
    with store.read() as conn:
        found = run.get_by_pk(conn, row.id)
    assert found is not None
    assert found.note is None


def test_task_instances_are_counted_by_every_filter(store: Store) -> None:
    row = create_run(store, logical_date=NOW)
    decided = changing(["a", "b"], is_new=True, state="running")
    decided.changes |= changing(["c"], is_new=True).changes
    store.write(decision.save, [(row.id, decided)], [], NOW)
    with store.read() as conn:
        assert task_instance.count(conn, "d") == 3
        assert task_instance.count(conn, "d", states=["running"]) == 2
        assert task_instance.count(conn, "d", states=[None]) == 1
        assert task_instance.count(conn, "d", states=[None, "running"], task_ids=["a", "c"]) == 2
        assert task_instance.count(conn, "d", run_ids=["x"]) == 0
        assert task_instance.count(conn, "d", logical_dates=[NOW]) == 3
        assert task_instance.count(conn, "d", map_index=0) == 0


def test_the_states_of_task_instances_come_by_run_of_all_runs_or_of_some(store: Store) -> None:
    rows = [create_run(store, "d", str(n), logical_date=later(n)) for n in range(2)]
    for row in rows:
        decided = changing(["a", "b"], is_new=True, state="running")
        store.write(decision.save, [(row.id, decided)], [], NOW)
    both = {("a", -1): "running", ("b", -1): "running"}
    with store.read() as conn:
        assert task_instance.count(conn, "d") == 4
        assert task_instance.states_of_dag(conn, "d") == {"0": both, "1": both}
        assert task_instance.states_of_dag(conn, "d", run_ids=["1"], task_ids=["a"]) == {
            "1": {("a", -1): "running"}
        }


def test_xcoms_are_overwritten_listed_and_deleted(store: Store) -> None:
    row = create_run(store)
    store.write(xcom.set, row.id, "a", "k", 1)
    store.write(xcom.set, row.id, "a", "k", {"two": 2}, now=later(1))
    store.write(xcom.set, row.id, "a", "K", None)
    store.write(xcom.set, row.id, "b", "k", "mapped", 3)
    with store.read() as conn:
        found = xcom.get(conn, row.id, "a", "k")
        everything = [(x.task_id, x.map_index, x.key, x.value) for x in xcom.list(conn, row.id)]
        some = xcom.list(conn, row.id, ["b"], "k", 3)
    assert found is not None
    assert (found.value, found.created_at) == ({"two": 2}, later(1))
    assert sorted(everything) == [
        ("a", -1, "K", None),
        ("a", -1, "k", {"two": 2}),
        ("b", 3, "k", "mapped"),
    ]
    assert [x.value for x in some] == ["mapped"]
    assert store.write(xcom.delete, row.id, "a", "K") == 1
    assert store.write(xcom.delete, row.id, "a") == 1
    assert store.write(xcom.delete, row.id, "b", map_index=3) == 1


def test_a_prior_runs_xcom_is_found_when_this_run_has_none(store: Store) -> None:
    rows = [create_run(store, "d", str(n), logical_date=later(n)) for n in range(3)]
    future = create_run(store, "d", "future", logical_date=later(99))
    for n, row in enumerate([*rows[:2], future]):
        store.write(xcom.set, row.id, "a", "k", n)
    with store.read() as conn:
        prior = xcom.get_prior(conn, rows[2].id, "a", "k")
        own = xcom.get_prior(conn, rows[0].id, "a", "k")
        none = xcom.get_prior(conn, rows[0].id, "a", "other")
    assert prior is not None
    assert prior.value == 1
    assert own is not None
    assert own.value == 0
    assert none is None


def test_all_runs_up_to_one_give_their_xcoms_the_oldest_first(store: Store) -> None:
    rows = [create_run(store, "d", str(n), logical_date=later(n)) for n in (2, 0, 1)]
    for row in rows:
        store.write(xcom.set, row.id, "a", "k", row.run_id)
    with store.read() as conn:
        found = {row.run_id: xcom.list_prior(conn, row.id, "a", "k") for row in rows}
        none = xcom.list_prior(conn, rows[0].id, "a", "other")
    assert [x.value for x in found["2"]] == ["0", "1", "2"]
    assert [x.value for x in found["1"]] == ["0", "1"]
    assert not none


def test_an_xcom_of_ten_megabytes_comes_back_whole(store: Store) -> None:
    row = create_run(store)
    value = "é" * 1_600_000
    store.write(xcom.set, row.id, "a", "big", value)
    with store.read() as conn:
        found = xcom.get(conn, row.id, "a", "big")
    assert found is not None
    assert found.value == value
