"""Several schedulers in one process, turn by turn, with executors in memory and a clock of ours."""

from __future__ import annotations

from tests.unit.scheduler.harness import MemoryExecutor, Rig, dag_spec

from slipstream.scheduler.service import Scheduler
from slipstream.store import inbox, lease, pool, quota, task_instance
from slipstream.store.row import RunRow


class Town:
    """Schedulers on one database that turn one after the other, and what they run."""

    def __init__(self, rig: Rig, size: int) -> None:
        """``size``: the slots of the pool ``p``, which must not be exceeded."""
        self.rig = rig
        self.size = size
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

    def close(self) -> None:
        for scheduler in self.schedulers:
            scheduler.stop(ok=False)
        self.rig.close()

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
