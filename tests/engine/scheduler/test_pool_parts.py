"""Two schedulers and one pool, turn by turn: who holds how much of it, and when."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.engine.scheduler.town import Town
from tests.unit.scheduler.harness import Rig

from slipstream.store import pool

pytestmark = pytest.mark.parametrize("dialect", ["postgresql", "mysql"], indirect=True)


@pytest.fixture
def town(store_url: str, tmp_path: Path) -> Iterator[Town]:
    rig = Rig(store_url, parallelism=0)
    rig.store.write(pool.upsert, "p", 3)
    town = Town(rig, 3)
    yield town
    town.close()


def test_one_alone_holds_all_and_lends_what_it_does_not_use(town: Town) -> None:
    town.add("a", "b")
    first = town.join()
    town.pass_time()
    assert town.held(first) == 3
    second = town.join()
    town.pass_time()
    assert (town.held(first), town.held(second)) == (3, 0), "nobody has asked for any"
    town.trigger(town.dag_of(second))
    town.pass_time()
    assert town.in_use() == 3
    assert (town.held(first), town.held(second)) == (0, 3)


def test_both_have_their_part_while_both_have_work(town: Town) -> None:
    town.add("a", "b", n=12)
    first, second = town.join(), town.join()
    town.pass_time()
    town.trigger("a", "b")
    for _ in range(8):
        town.end(1)
        town.pass_time(2)
        assert town.in_use() == 3
    assert {town.held(first), town.held(second)} == {1, 2}
    while town.end(9):
        town.pass_time(2)
    assert [town.rig.run_state(row) for row in town.rows] == ["success"] * 2


def test_a_pool_of_one_slot_serves_both(town: Town) -> None:
    town.set_size(1)
    town.add("a", "b", n=3)
    town.join()
    town.join()
    town.pass_time()
    town.trigger("a", "b")
    order = []
    for _ in range(12):
        town.pass_time(3)
        order += [w.dag_id for e in town.executors.values() for w in e.workloads.values()]
        town.end(1)
    assert sorted(order[:6]) != order[:6] or order.count("a") == order.count("b") == 3
    assert order.index("a") < 4
    assert order.index("b") < 4


def test_a_dead_schedulers_slots_go_with_its_dags(town: Town) -> None:
    town.add("a", "b")
    first, second = town.join(), town.join()
    town.pass_time()
    town.trigger("a", "b")
    town.pass_time()
    assert town.in_use() == 3
    lost = town.held(first)
    assert lost > 0
    town.schedulers.remove(first)  # it is stopped where it stands; its tasks go on
    town.pass_time(20)
    assert town.held(second) == 3
    assert town.in_use() == 3
    orphans = town.executors[first.id]
    for id in list(orphans.workloads):
        if orphans.begin(id, tell=False):
            orphans.end(id, tell=False)
    while town.end(9):
        town.pass_time(12)
    assert [town.rig.run_state(row) for row in town.rows] == ["success"] * 2
    first.stop(ok=False)


def test_a_smaller_pool_is_kept_to_as_slots_become_free(town: Town) -> None:
    town.set_size(6)
    town.add("a", "b", n=8)
    first, second = town.join(), town.join()
    town.pass_time()
    town.trigger("a", "b")
    town.pass_time()
    assert town.in_use() == 6
    town.set_size(2)
    town.size = 6  # what is in use goes on
    town.pass_time(2)
    for left in (5, 4, 3, 2):
        assert town.end(1) == 1
        town.pass_time(2)
        assert town.in_use() == left
        town.size = left
    town.pass_time()
    assert town.held(first) + town.held(second) == 2
    while town.end(9):
        town.pass_time(6)
    assert [town.rig.run_state(row) for row in town.rows] == ["success"] * 2
    town.set_size(5)
    town.trigger("a", "b")
    town.pass_time()
    assert town.in_use() == 5, "both have heard of the larger one"


def test_a_task_of_many_slots_gets_them_in_the_end(town: Town) -> None:
    town.add("small", n=12)
    town.add("big", n=3, slots=3)
    town.join()
    town.join()
    town.pass_time()
    town.trigger("small")
    town.pass_time()
    assert town.in_use() == 3
    town.trigger("big")
    for _ in range(30):
        town.end(1)
        town.pass_time(2)
        if "running" not in {town.rig.run_state(row) for row in town.rows}:
            break
        big = town.rig.states(town.rows[1])
        if "success" in big.values():
            break
    assert "success" in big.values()
    assert town.rig.run_state(town.rows[0]) == "running", "there was more to do for the small ones"


def test_small_and_large_tasks_of_both_come_to_an_end(town: Town) -> None:
    town.set_size(2)
    town.add("a", "b", n=4)
    town.add("c", "d", n=4, slots=2)
    town.join()
    town.join()
    town.pass_time()
    town.trigger("a", "b", "c", "d")
    for _ in range(80):
        town.pass_time(1)
        town.end(9)
        if all(town.rig.run_state(row) == "success" for row in town.rows):
            return
    raise AssertionError([town.rig.states(row) for row in town.rows])
