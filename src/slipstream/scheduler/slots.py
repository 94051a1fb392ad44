"""Who occupies what: keeps the limits of admission in step with the task instances' states.

Follows each instance into and out of the states that hold slots, so that a turn's admission costs
what changed, never a count over all task instances.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from slipstream.executors.base import Executor
from slipstream.machine.admission import Candidate, GroupKey, Limits, PoolLimit
from slipstream.machine.event import TIKey
from slipstream.scheduler.book import ActiveRun
from slipstream.state import EXECUTING_STATES, TaskInstanceState
from slipstream.store.row import PoolRow


class Slots:
    """The limits, and what each task instance takes of them."""

    def __init__(
        self,
        parallelism: int,
        executors: Mapping[str, Executor],
        *,
        ignores_pools: bool = False,
    ) -> None:
        self.limits = Limits(parallelism=parallelism, ignores_pools=ignores_pools)
        for i, (name, executor) in enumerate(executors.items()):
            slots = executor.capabilities.slots
            if slots is not None:
                self.limits.executor_free[name] = slots
                if i == 0:
                    self.limits.executor_free[None] = slots  # the default one
        self._held: dict[int, dict[TIKey, GroupKey]] = defaultdict(dict)
        self._deferred: dict[int, dict[TIKey, tuple[str, int]]] = defaultdict(dict)
        self._with_deferred: frozenset[str] = frozenset()
        self.changed = True
        """Something was freed, or a limit changed, since the last admission."""

    def set_pools(self, rows: Iterable[PoolRow]) -> None:
        """Take the pools' sizes in and count anew what is taken of them."""
        rows = list(rows)
        self.limits.pools = {row.name: PoolLimit(row.slots) for row in rows}
        self._with_deferred = frozenset(row.name for row in rows if row.include_deferred)
        for held in self._held.values():
            for group in held.values():
                self._use(group.pool, group.pool_slots)
        for deferred in self._deferred.values():
            for pool, n in deferred.values():
                if pool in self._with_deferred:
                    self._use(pool, n)
        self.changed = True

    def admitted(self, pk: int, key: TIKey, group: GroupKey) -> None:
        """Note that admission has taken slots for an instance."""
        self._held[pk][key] = group

    def note(self, run: ActiveRun, key: TIKey, state: str | None) -> None:
        """Follow an instance into its new state."""
        held = self._held[run.pk]
        if state in EXECUTING_STATES:
            if key not in held:
                group = candidate(run, key).group
                held[key] = group
                self.limits.take(group, key.task_id)
        elif (left := held.pop(key, None)) is not None:
            self.limits.take(left, key.task_id, -1)
            self.changed = True
        self._note_deferred(run, key, state == TaskInstanceState.DEFERRED)

    def _note_deferred(self, run: ActiveRun, key: TIKey, is_deferred: bool) -> None:
        deferred = self._deferred[run.pk]
        if is_deferred and key not in deferred:
            task = run.machine.tis[key].task
            deferred[key] = task.pool, task.pool_slots
            if task.pool in self._with_deferred:
                self._use(task.pool, task.pool_slots)
        elif not is_deferred and key in deferred:
            pool, n = deferred.pop(key)
            if pool in self._with_deferred:
                self._use(pool, -n)
            self.changed = True

    def holds(self, pk: int) -> bool:
        """Say whether an instance of the run holds a slot."""
        deferred = self._deferred.get(pk, {}).values()
        return bool(self._held.get(pk)) or any(pool in self._with_deferred for pool, _ in deferred)

    def drop(self, pk: int) -> None:
        """Release all that a run's instances hold."""
        for key, group in self._held.pop(pk, {}).items():
            self.limits.take(group, key.task_id, -1)
        for pool, n in self._deferred.pop(pk, {}).values():
            if pool in self._with_deferred:
                self._use(pool, -n)
        limits = self.limits
        limits.per_run.pop(pk, None)
        for counted in [k for k in limits.per_run_task if k[0] == pk]:
            del limits.per_run_task[counted]
        self.changed = True

    def _use(self, pool: str, n: int) -> None:
        limit = self.limits.pools.get(pool)
        if limit is not None:
            limit.used += n


def candidate(run: ActiveRun, key: TIKey) -> Candidate:
    """Return a task instance as admission sees it."""
    row = run.row
    return Candidate.of(
        run.machine.tis[key].task,
        key,
        dag_id=row.dag_id,
        dag_run_pk=row.id,
        run_after=row.run_after,
        max_active_tasks=run.machine.plan.max_active_tasks,
    )
