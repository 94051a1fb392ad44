"""Two schedulers and one pool, turn by turn: who holds how much of it, and when."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.scheduler.harness import MemoryExecutor, Rig, dag_spec

from slipstream.scheduler.service import Scheduler
from slipstream.store import inbox, lease, pool, quota, task_instance
from slipstream.store.row import RunRow

pytestmark = pytest.mark.parametrize("dialect", ["postgresql", "mysql"], indirect=True)


class Town:
    """Schedulers on one database that turn one after the other, and what they run."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.schedulers: list[Scheduler] = []
        self.executors: dict[str, MemoryExecutor] = {}
        self.rows: list[RunRow] = []

    def join(self) -> Scheduler:
        executor = MemoryExecutor(self.rig.store, self.rig.clock)
        scheduler = Scheduler(
            self.rig.store,
            {"MemoryExecutor": executor},
            self.rig.clock,
            settings=self.rig.settings,
        )
        scheduler.start()
        self.schedulers.append(scheduler)
        self.executors[scheduler.id] = executor
        return scheduler

    def add(self, *names: str, n: int = 6, slots: int = 1) -> None:
        """Add DAGs of ``n`` tasks each in the pool."""
        tasks = {f"t{i}": [] for i in range(n)}
        each = {name: {"pool": "p", "pool_slots": slots} for name in tasks}
        self.rig.add_dags([dag_spec(name, tasks, task=each) for name in names])  # type: ignore[arg-type]

    def trigger(self, *names: str) -> None:
        self.rows += [self.rig.trigger(name) for name in names]

    def pass_time(self, seconds: float = 4.0) -> None:
        """Let time pass, a second at a time, until nobody has anything to do; check all the while."""
        for _ in range(int(seconds)):
            self.rig.clock.advance(1.01)
            for _ in range(6):
                for scheduler in self.schedulers:
                    scheduler.turn(0)
                    self.check()

    def end(self, n: int) -> int:
        """Let ``n`` of the tasks that were handed out run to their end; return how many there were."""
        ended = 0
        for scheduler in self.schedulers:
            executor = self.executors[scheduler.id]
            for id in list(executor.workloads)[: n - ended]:
                if executor.begin(id):
                    assert executor.end(id)
                else:
                    del executor.workloads[id]  # another has run it
                ended += 1
        return ended

    def in_use(self) -> int:
        with self.rig.store.read() as conn:
            seen = task_instance.count_executing(conn)
        return sum(seen.pool_slots.get("p", {}).values())

    def held(self, scheduler: Scheduler) -> int:
        with self.rig.store.read() as conn:
            rows = quota.of_pools(conn, ["p"])["p"]
        return sum(row.slots for row in rows if row.owner == scheduler.id)

    def set_size(self, slots: int) -> None:
        self.size = slots
        self.rig.store.write(pool.upsert, "p", slots)
        self.rig.store.write(
            inbox.post, target="scheduler", kind="pool_changed", now=self.rig.clock.now()
        )

    def check(self, size: int | None = None) -> None:
        """No more is in use than there is, nor given out."""
        size = self.size if size is None else size
        with self.rig.store.read() as conn:
            rows = quota.of_pools(conn, ["p"])["p"]
            of_nobody = quota.use_of_nobody(conn).get("p", 0)
        assert self.in_use() <= size
        assert sum(row.slots for row in rows) + of_nobody <= size

    def dag_of(self, scheduler: Scheduler) -> str:
        with self.rig.store.read() as conn:
            return min(lease.owned_dags(conn, scheduler.id))


@pytest.fixture
def town(store_url: str, tmp_path: Path) -> Iterator[Town]:
    rig = Rig(store_url, parallelism=0)
    town = Town(rig)
    town.size = 3
    rig.store.write(pool.upsert, "p", 3)
    yield town
    for scheduler in town.schedulers:
        scheduler.stop(ok=False)
    rig.close()


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
