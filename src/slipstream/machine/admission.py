"""Admission: which ready task instances get their slots now, and why the others wait.

Ready instances wait in groups that share every limit, so one look at a group's head answers for
all of it: a turn costs the admitted plus the groups that are blocked, never all that is ready.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from slipstream.machine.event import TIKey
from slipstream.machine.plan import TaskPlan


class GroupKey(NamedTuple):
    """All that decides which limits an instance meets."""

    dag_run_pk: int
    dag_id: str
    pool: str
    pool_slots: int
    executor: str | None
    limited_task: str | None
    """The task id, when it has a max_active_tis limit of its own."""


class Candidate(NamedTuple):
    """A ready task instance as admission sees it; a turn may make 10,000."""

    dag_run_pk: int
    dag_id: str
    key: TIKey
    run_after: datetime
    priority_weight: int
    order: int
    """The task's place in its DAG: the tie-breaker within a run."""
    group: GroupKey
    max_active_tasks: int
    max_active_tis_per_dag: int | None = None
    max_active_tis_per_dagrun: int | None = None

    @classmethod
    def of(
        cls,
        task: TaskPlan,
        key: TIKey,
        *,
        dag_id: str,
        dag_run_pk: int,
        run_after: datetime,
        max_active_tasks: int,
    ) -> Candidate:
        """Make the candidate of a ready instance from its plan."""
        per_dag, per_run = task.max_active_tis_per_dag, task.max_active_tis_per_dagrun
        limited = task.task_id if per_dag is not None or per_run is not None else None
        return cls(
            dag_run_pk,
            dag_id,
            key,
            run_after,
            task.priority_weight,
            task.index,
            GroupKey(dag_run_pk, dag_id, task.pool, task.pool_slots, task.executor, limited),
            max_active_tasks,
            per_dag,
            per_run,
        )


@dataclass(slots=True)
class PoolLimit:
    """A pool's slots (-1: no limit) and how many are taken.

    ``used`` counts queued and running instances' slots, and deferred ones' if the pool includes
    them; whoever makes the limits decides that.
    """

    slots: int
    used: int = 0
    size: int | None = None
    """The whole pool's slots, where ``slots`` is only one scheduler's part of them."""


@dataclass(slots=True)
class Limits:
    """Every limit and how much of it is taken; ``admit`` takes from it as it admits."""

    parallelism: int = 32
    """Task instances that may execute at once in this scheduler; 0 or less: no limit."""
    executing: int = 0
    pools: dict[str, PoolLimit] = field(default_factory=dict)
    ignores_pools: bool = False
    """No task waits for a pool, be it there or not."""
    executor_free: dict[str | None, int | None] = field(default_factory=dict)
    """Free slots per executor name (None: the default one); absent or None: no limit."""
    per_run: dict[int, int] = field(default_factory=dict)
    """Executing instances per run (against max_active_tasks, per run as in Airflow 3)."""
    per_dag: dict[str, int] = field(default_factory=dict)
    """Executing instances per DAG: not a limit, but the measure of fairness."""
    per_dag_task: dict[tuple[str, str], int] = field(default_factory=dict)
    per_run_task: dict[tuple[int, str], int] = field(default_factory=dict)

    def take(self, group: GroupKey, task_id: str, n: int = 1) -> None:
        """Count an instance that begins to execute (``n`` = -1: one that ends)."""
        self.executing += n
        pool = self.pools.get(group.pool)
        if pool is not None:
            pool.used += n * group.pool_slots
        free = self.executor_free.get(group.executor)
        if free is not None:
            self.executor_free[group.executor] = free - n
        pk, dag_id = group.dag_run_pk, group.dag_id
        self.per_run[pk] = self.per_run.get(pk, 0) + n
        self.per_dag[dag_id] = self.per_dag.get(dag_id, 0) + n
        if group.limited_task is not None:
            dag_task, run_task = (dag_id, task_id), (pk, task_id)
            self.per_dag_task[dag_task] = self.per_dag_task.get(dag_task, 0) + n
            self.per_run_task[run_task] = self.per_run_task.get(run_task, 0) + n


@dataclass(frozen=True, slots=True)
class Blocked:
    """Why a group's instances wait: the name of the limit and how full it is."""

    limit: str
    """``parallelism``, ``pool``, ``pool_part``, ``small_pool``, ``missing_pool``, ``executor``,
    ``max_active_tasks``, ``max_active_tis_per_dag`` or ``max_active_tis_per_dagrun``."""
    name: str
    used: int
    allowed: int


@dataclass(slots=True)
class Admission:
    """What a turn admitted, and why each other group waits (as far as it was looked at)."""

    admitted: list[Candidate] = field(default_factory=list)
    blocked: dict[GroupKey, Blocked] = field(default_factory=dict)
    everything: Blocked | None = None
    """Set when a limit over all groups is reached: those not in ``blocked`` wait for it."""


Entry = tuple[int, datetime, int, int, TIKey, Candidate]


class _Group:
    """Instances under the same limits, best first; entries taken back stay until they surface."""

    __slots__ = ("entries", "live")

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.live: dict[TIKey, Candidate] = {}

    def head(self) -> Entry | None:
        while self.entries:
            entry = self.entries[0]
            if self.live.get(entry[4]) is entry[5]:
                return entry
            heappop(self.entries)
        return None


class ReadyQueue:
    """All ready task instances of a scheduler, grouped by the limits that they meet."""

    def __init__(self) -> None:
        self._groups: dict[GroupKey, _Group] = {}
        self._where: dict[tuple[int, TIKey], GroupKey] = {}

    def __len__(self) -> int:
        return len(self._where)

    def __contains__(self, item: tuple[int, TIKey]) -> bool:
        return item in self._where

    def add(self, c: Candidate) -> None:
        """Let a ready instance wait; one that waits already is replaced."""
        self.discard(c.dag_run_pk, c.key)
        group = self._groups.get(c.group)
        if group is None:
            group = self._groups[c.group] = _Group()
        group.live[c.key] = c
        heappush(
            group.entries, (-c.priority_weight, c.run_after, c.order, c.key.map_index, c.key, c)
        )
        self._where[c.dag_run_pk, c.key] = c.group

    def discard(self, dag_run_pk: int, key: TIKey) -> None:
        """Take an instance back, if it waits: it was cleared, skipped or marked."""
        where = self._where.pop((dag_run_pk, key), None)
        if where is not None:
            group = self._groups[where]
            del group.live[key]
            if not group.live:
                del self._groups[where]

    def discard_run(self, dag_run_pk: int) -> None:
        """Take a whole run's instances back: it ended, or another scheduler has it."""
        for where in [g for g in self._groups if g.dag_run_pk == dag_run_pk]:
            for key in self._groups.pop(where).live:
                del self._where[dag_run_pk, key]

    def waiting_for(self, pool: str, size: int) -> tuple[int, int, int]:
        """Return how many instances wait that take slots of a pool, how many slots, and the least.

        Those that take more slots than the pool has, ``size``, do not count.
        """
        groups = [
            (g.pool_slots, len(self._groups[g].live))
            for g in self._groups
            if g.pool == pool and g.pool_slots <= size
        ]
        n_slots = sum(slots * n for slots, n in groups)
        return sum(n for _, n in groups), n_slots, min((slots for slots, _ in groups), default=0)

    def group_of(self, dag_run_pk: int, key: TIKey) -> GroupKey | None:
        """Return the group that an instance waits in."""
        return self._where.get((dag_run_pk, key))

    def heads(self) -> list[tuple[GroupKey, Entry]]:
        """Return each group's best entry."""
        return [(k, e) for k, g in self._groups.items() if (e := g.head()) is not None]

    def head(self, group: GroupKey) -> Entry | None:
        found = self._groups.get(group)
        return None if found is None else found.head()


def admit(ready: ReadyQueue | Iterable[Candidate], limits: Limits) -> Admission:
    """Admit what the limits allow, taking from ``limits`` and removing it from the queue.

    Highest priority first. Among equals the DAG with the fewest executing instances goes first,
    so that a huge one does not starve the others; then the older run, then the task's place.
    """
    queue = ready if isinstance(ready, ReadyQueue) else _queue_of(ready)
    result = Admission(everything=_everything(limits))
    if result.everything is not None:
        return result
    share = limits.per_dag
    heads = [_rank(e, g, share) for g, e in queue.heads()]
    heapify(heads)
    while heads:
        ranked_share, group = heads[0][1], heads[0][-1]
        if share.get(group.dag_id, 0) > ranked_share:
            # Its DAG got more since it was ranked.
            heappop(heads)
            _push(heads, queue, group, share)
            continue
        heappop(heads)
        entry = queue.head(group)
        if entry is None:
            continue
        candidate = entry[5]
        why = blocked_by(candidate, limits)
        if why is not None:
            result.blocked[group] = why
            continue
        queue.discard(candidate.dag_run_pk, candidate.key)
        limits.take(group, candidate.key.task_id)
        result.admitted.append(candidate)
        result.everything = _everything(limits)
        if result.everything is not None:
            break
        _push(heads, queue, group, share)
    return result


_Ranked = tuple[int, int, datetime, int, int, int, TIKey, GroupKey]


def _rank(entry: Entry, group: GroupKey, share: dict[str, int]) -> _Ranked:
    priority, run_after, order, map_index, key, candidate = entry
    return (
        priority,
        share.get(group.dag_id, 0),
        run_after,
        candidate.dag_run_pk,
        order,
        map_index,
        key,
        group,
    )


def _push(heads: list[_Ranked], queue: ReadyQueue, group: GroupKey, share: dict[str, int]) -> None:
    entry = queue.head(group)
    if entry is not None:
        heappush(heads, _rank(entry, group, share))


def _queue_of(candidates: Iterable[Candidate]) -> ReadyQueue:
    queue = ReadyQueue()
    for candidate in candidates:
        queue.add(candidate)
    return queue


def _everything(limits: Limits) -> Blocked | None:
    if 0 < limits.parallelism <= limits.executing:
        return Blocked("parallelism", "", limits.executing, limits.parallelism)
    return None


def _blocked_by_pool(group: GroupKey, limits: Limits) -> Blocked | None:
    pool = limits.pools.get(group.pool)
    if pool is None:
        return Blocked("missing_pool", group.pool, 0, 0)
    size = pool.slots if pool.size is None else pool.size
    if 0 <= size < group.pool_slots:
        return Blocked("small_pool", group.pool, group.pool_slots, size)
    if pool.slots >= 0 and pool.used + group.pool_slots > pool.slots:
        return Blocked("pool", group.pool, pool.used, pool.slots)
    return None


def blocked_by(c: Candidate, limits: Limits) -> Blocked | None:
    """Return the first limit that keeps a candidate from being admitted now; None: none does."""
    group = c.group
    if not limits.ignores_pools and (by_pool := _blocked_by_pool(group, limits)):
        return by_pool
    used = limits.per_run.get(group.dag_run_pk, 0)
    if used >= c.max_active_tasks > 0:
        return Blocked("max_active_tasks", c.dag_id, used, c.max_active_tasks)
    task_id = c.key.task_id
    if c.max_active_tis_per_dag is not None:
        used = limits.per_dag_task.get((c.dag_id, task_id), 0)
        if used >= c.max_active_tis_per_dag:
            return Blocked("max_active_tis_per_dag", task_id, used, c.max_active_tis_per_dag)
    if c.max_active_tis_per_dagrun is not None:
        used = limits.per_run_task.get((group.dag_run_pk, task_id), 0)
        if used >= c.max_active_tis_per_dagrun:
            return Blocked("max_active_tis_per_dagrun", task_id, used, c.max_active_tis_per_dagrun)
    free = limits.executor_free.get(group.executor)
    if free is not None and free <= 0:
        return Blocked("executor", group.executor or "the default executor", 0, 0)
    return None
