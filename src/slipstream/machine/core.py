"""``RunCore``: one run's task instances and counters, and the only code that moves them.

Owns the invariants: ``put`` writes a state, the upstream counters follow, the change is recorded
and the dependents are noted for ``settle``. Handlers decide *what*; nothing here knows an event.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from heapq import heappop, heappush
from typing import Any

from slipstream.machine.decision import Decision, StoryEvent, TaskInstanceChange
from slipstream.machine.event import TIKey
from slipstream.machine.instance import RunFacts, TaskInstance
from slipstream.machine.kin import counterparts
from slipstream.machine.plan import DagPlan, TaskPlan
from slipstream.machine.trigger_rule import UpstreamCounts
from slipstream.state import TERMINAL_STATES, DagRunState, TaskInstanceState

WAITING_STATES = frozenset(
    {None, TaskInstanceState.UP_FOR_RETRY, TaskInstanceState.UP_FOR_RESCHEDULE}
)
"""States in which the upstream is still asked whether the task instance may run."""

_OWN = tuple(name for name in TaskInstance.__slots__ if name not in ("key", "task", "state"))


class RunCore:
    """The data of one active dag run."""

    def __init__(self, plan: DagPlan, facts: RunFacts) -> None:
        self.plan = plan
        self.facts = facts
        self.state = facts.state
        self.start_date = facts.start_date
        self.end_date = facts.end_date
        self.clear_number = facts.clear_number
        self.past_satisfied = set(facts.past_satisfied)
        self.tis: dict[TIKey, TaskInstance] = {}
        n = len(plan.tasks)
        self.by_task: list[list[TaskInstance]] = [[] for _ in range(n)]
        """Instances per task: one with map index -1, or those with 0, 1, 2, …"""
        self.counts = [UpstreamCounts() for _ in range(n)]
        """Each task's own instances, counted the way its downstream sees them."""
        self.up = [UpstreamCounts() for _ in range(n)]
        """Sums of ``counts`` over each task's direct upstream."""
        self.n_waiting = [0] * n
        """Per task: instances in ``WAITING_STATES``."""
        self.absent: frozenset[int] = frozenset()
        """Tasks without instances: the run is outside their start and end dates."""
        self.n_unfinished = 0
        self.n_active = 0
        """Instances that will move by themselves: scheduled up to running, deferred."""
        self.delayed: dict[TIKey, TaskInstance] = {}
        """Instances that wait for a time: up_for_retry and up_for_reschedule."""
        self.skipped_by: dict[int, list[TaskInstance]] = {}
        """Task -> finished direct upstream instances that decided to skip it."""
        self.group_counts: dict[str, int | None] = {}
        """Instances that each mapped group makes of an unmapped member; see ``mapping``."""
        self.pace: int | None = None
        """After how many changes a step leaves the rest for a later one; None: after none."""
        self.missing: Iterator[tuple[TaskPlan, int]] | None = None
        """Instances that the run lacks still, in the order in which they are made."""
        self._dirty_heap: list[int] = []
        self._dirty: dict[int, set[int] | None] = {}

    # -- the instances ---------------------------------------------------------------------

    def add(self, ti: TaskInstance) -> None:
        """Take in an instance in whatever state it has, without recording a change."""
        i = ti.task.index
        self.tis[ti.key] = ti
        self.by_task[i].append(ti)
        self._count(i, ti, None, ti.state, 1)

    def create(self, task: TaskPlan, map_index: int, d: Decision) -> TaskInstance:
        """Make a new instance and record its whole row."""
        ti = TaskInstance(task, map_index)
        self.add(ti)
        d.changes[ti.key] = self._new_row(ti)
        return ti

    def renew(self, ti: TaskInstance, d: Decision) -> None:
        """Put a fresh instance in the place of one that is deleted with its tries and XComs."""
        fresh = TaskInstance(ti.task, ti.map_index)
        self.put(ti, None, d, **{name: getattr(fresh, name) for name in _OWN})
        d.forgotten.append(ti.key)
        d.changes[ti.key] = self._new_row(ti)
        self.touch(ti.task.index, ti.map_index)

    def _new_row(self, ti: TaskInstance) -> TaskInstanceChange:
        task = ti.task
        values = {
            "state": None,
            "try_number": 0,
            "max_tries": ti.max_tries,
            "pool": task.pool,
            "pool_slots": task.pool_slots,
            "queue": task.queue,
            "priority_weight": task.priority_weight,
            "operator": task.type,
            "dag_version_id": self.facts.dag_version_id,
        }
        return TaskInstanceChange(ti.key, values, is_new=True)

    def leave_out(self, absent: frozenset[int]) -> None:
        """Note the tasks that take no part in this run.

        As Airflow 3, an unmapped downstream still counts them: it waits for ever, unless its rule
        needs nothing from them.
        """
        self.absent = absent
        for i in absent:
            for d in self.plan.downstream[i]:
                if not any(self.plan.tasks[u].is_expanded for u in self.plan.upstream[d]):
                    self.up[d].total += 1
                    self.up[d].setup_total += self.plan.tasks[i].is_setup

    def drop(self, ti: TaskInstance, d: Decision) -> None:
        """Delete an instance: the summary row of a mapped task that is now expanded."""
        i = ti.task.index
        del self.tis[ti.key]
        self.by_task[i].remove(ti)
        self.delayed.pop(ti.key, None)
        self._count(i, ti, ti.state, None, -1)
        change = d.changes.pop(ti.key, None)
        if change is None or not change.is_new:
            d.deleted.append(ti.key)

    def put(
        self,
        ti: TaskInstance,
        state: TaskInstanceState | None,
        d: Decision,
        **values: Any,
    ) -> None:
        """Move an instance to ``state`` with its other new column values: the one mutator."""
        old = ti.state
        changed = {}
        for name, value in values.items():
            if getattr(ti, name) != value:
                setattr(ti, name, value)
                changed[name] = value
        if old is not state:
            ti.state = state
            changed["state"] = state
            i = ti.task.index
            self._count(i, ti, old, state, 0)
            if old in TERMINAL_STATES or state in TERMINAL_STATES:
                self._touch_dependents(i, ti)
            elif state is TaskInstanceState.UP_FOR_RETRY or (
                state is TaskInstanceState.UP_FOR_RESCHEDULE
            ):
                # Its upstream may have changed while it ran, and its delay may be none.
                self.touch(i, ti.map_index)
        if changed:
            self.record(ti, changed, d)

    def record(self, ti: TaskInstance, values: dict[str, Any], d: Decision) -> None:
        """Note new column values for the store; the caller has set them on ``ti``."""
        change = d.changes.get(ti.key)
        if change is None:
            d.changes[ti.key] = TaskInstanceChange(ti.key, values)
        else:
            change.values.update(values)

    # -- counters --------------------------------------------------------------------------

    def _count(
        self,
        i: int,
        ti: TaskInstance,
        old: TaskInstanceState | None,
        new: TaskInstanceState | None,
        existing: int,
    ) -> None:
        """Follow one instance's move in every counter; ``existing`` is +1 new, -1 gone, 0 same."""
        if existing >= 0 and new in WAITING_STATES:
            self.n_waiting[i] += 1
        if existing <= 0 and old in WAITING_STATES:
            self.n_waiting[i] -= 1
        was_over, is_over = old in TERMINAL_STATES, new in TERMINAL_STATES
        was_active = old is not None and not was_over
        is_active = new is not None and not is_over
        if was_active and (
            old is TaskInstanceState.UP_FOR_RETRY or old is TaskInstanceState.UP_FOR_RESCHEDULE
        ):
            was_active = False
            self.delayed.pop(ti.key, None)
        if is_active and (
            new is TaskInstanceState.UP_FOR_RETRY or new is TaskInstanceState.UP_FOR_RESCHEDULE
        ):
            is_active = False
            self.delayed[ti.key] = ti
        if existing > 0:
            self.n_unfinished += not is_over
            self.n_active += is_active
        elif existing < 0:
            self.n_unfinished -= not was_over
            self.n_active -= was_active
            is_over = False
        else:
            self.n_unfinished += was_over - is_over
            self.n_active += is_active - was_active
        if not (existing or was_over or is_over):
            return
        is_setup = ti.task.is_setup
        for counts in (self.counts[i], *(self.up[d] for d in self.plan.downstream[i])):
            if existing:
                counts.total += existing
                if is_setup:
                    counts.setup_total += existing
            if was_over:
                counts.add(old, is_setup, -1)
            if is_over:
                counts.add(new, is_setup)

    # -- what to look at again ---------------------------------------------------------------

    def touch(self, i: int, map_index: int | None = None) -> None:
        """Note that a task's instances (or one of them) may now be able to move."""
        seen = self._dirty
        if i not in seen:
            heappush(self._dirty_heap, i)
            seen[i] = None if map_index is None else {map_index}
        else:
            some = seen[i]
            if map_index is None:
                seen[i] = None
            elif some is not None:
                some.add(map_index)

    def _touch_dependents(self, i: int, ti: TaskInstance) -> None:
        if i in self.plan.mapping_sources:
            self.group_counts.clear()
        if not ti.task.mapped_groups:
            for d in self.plan.dependents[i]:
                self.touch(d)
            return
        for d in self.plan.dependents[i]:
            below = counterparts(self, ti, d)
            if below is None:
                self.touch(d)
            else:
                for map_index in below:
                    self.touch(d, map_index)

    def take_touched(self) -> tuple[int, set[int] | None] | None:
        """Return the first touched task in topological order and which map indexes (None: all).

        In this order a task is looked at once per cascade, after everything above it.
        """
        if not self._dirty_heap:
            return None
        i = heappop(self._dirty_heap)
        return i, self._dirty.pop(i)

    @property
    def has_more(self) -> bool:
        """Whether the last step left something to make or look at: ``Continued`` goes on with it."""
        return bool(self._dirty_heap) or self.missing is not None

    def forget_touched(self) -> None:
        """Drop the notes: the run is not running, and looks at everything when it starts."""
        self._dirty_heap.clear()
        self._dirty.clear()

    def touch_all(self) -> None:
        """Look at every task again: the run has just begun or was restored."""
        for i in range(len(self.plan.tasks)):
            self.touch(i)

    # -- words -------------------------------------------------------------------------------

    def tell(
        self,
        ti: TaskInstance,
        kind: str,
        from_state: TaskInstanceState | None,
        d: Decision,
        detail: str | None = None,
        attempt_id: str | None = None,
    ) -> None:
        """Add a line to the instance's story."""
        d.story.append(StoryEvent(ti.key, kind, from_state, ti.state, attempt_id, detail))

    def tell_run(self, kind: str, old: DagRunState, d: Decision, detail: str | None = None) -> None:
        """Add a line to the run's own story."""
        d.story.append(StoryEvent(None, kind, old, self.state, None, detail))

    def put_run(self, state: DagRunState, d: Decision, **values: Any) -> None:
        """Move the run to ``state`` with its other new column values."""
        for name, value in values.items():
            if hasattr(self, name):
                setattr(self, name, value)
        if state is not self.state:
            self.state = state
            values["state"] = state
            d.run_state = state
        d.run.update(values)

    def end_attempt(self, ti: TaskInstance, ended_in: str | None, d: Decision) -> None:
        """Close the current attempt's try history; it may already be closed."""
        if ti.attempt_id is not None:
            d.closed[ti.attempt_id] = ended_in

    def finish(
        self,
        ti: TaskInstance,
        state: TaskInstanceState,
        now: datetime,
        d: Decision,
        **values: Any,
    ) -> None:
        """End an instance without a process: skipped, upstream_failed, marked, removed."""
        if ti.start_date is None:
            values["start_date"] = now
        self.put(ti, state, d, end_date=now, retry_at=None, deferral=None, **values)
