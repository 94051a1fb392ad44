"""Expansion: from a mapped task's summary instance to its mapped instances, and revisions.

As Airflow 3: a mapped task starts as one instance with map index -1. When it may run, its length
is known: zero skips it, a length that never came is ``upstream_failed``, and otherwise instances
0 … n-1 take its place. When its sources ran again, instances are added or removed.
"""

from __future__ import annotations

from datetime import datetime

from slipstream.machine.core import RunCore
from slipstream.machine.decision import Decision
from slipstream.machine.instance import TaskInstance
from slipstream.machine.kin import instance_count
from slipstream.machine.plan import DagPlan, TaskPlan
from slipstream.state import TaskInstanceState


def first_indexes(plan: DagPlan, task: TaskPlan) -> range:
    """Return the map indexes that a task begins with: -1, or all when its length is literal."""
    if task.is_expanded:
        n = literal_count(plan, task)
        if n:
            return range(n)
    return range(-1, 0)


def first_size(plan: DagPlan) -> int:
    """Return with how many task instances a run begins, at most: some tasks may take no part."""
    return sum(len(first_indexes(plan, task)) for task in plan.tasks)


def literal_count(plan: DagPlan, task: TaskPlan) -> int | None:
    """Return the number of instances when the spec alone tells it; None otherwise."""
    groups = [plan.groups[g].mapping for g in task.mapped_groups]
    total = 1
    for mapping in [*groups, task.mapping]:
        if mapping is not None:
            if mapping.literal_length is None:
                return None
            total *= mapping.literal_length
    return total


def expand(core: RunCore, ti: TaskInstance, now: datetime, d: Decision) -> None:
    """Replace a summary instance that may run by its mapped instances, and touch them."""
    task = ti.task
    n = instance_count(core, task)
    if n is None:
        core.finish(ti, TaskInstanceState.UPSTREAM_FAILED, now, d)
        core.tell(ti, "expanded", None, d, "what it maps over never came")
        return
    if n == 0:
        core.finish(ti, TaskInstanceState.SKIPPED, now, d)
        core.tell(ti, "expanded", None, d, "it maps over nothing: zero instances")
        return
    core.tell(ti, "expanded", None, d, f"expanded into {n} instances")
    core.drop(ti, d)
    for k in range(n):
        new = core.create(task, k, d)
        if k == 0 and ti.try_number:
            new.try_number, new.max_tries = ti.try_number, ti.max_tries
            core.record(new, {"try_number": ti.try_number, "max_tries": ti.max_tries}, d)
    core.touch(task.index)
    for below in core.plan.dependents[task.index]:
        core.touch(below)


def revise(core: RunCore, task: TaskPlan, now: datetime, d: Decision) -> None:
    """Fit an expanded task to the length that its sources have now."""
    instances = core.by_task[task.index]
    if not instances or instances[0].map_index < 0:
        return
    n = instance_count(core, task)
    if n is None or n == len(instances):
        return
    for ti in instances[n:]:
        if ti.state is not TaskInstanceState.REMOVED:
            old = ti.state
            if old in (TaskInstanceState.QUEUED, TaskInstanceState.RUNNING) and ti.attempt_id:
                d.cancel[ti.attempt_id] = f"only {n} instances are mapped now"
                core.end_attempt(ti, TaskInstanceState.REMOVED, d)
            core.finish(ti, TaskInstanceState.REMOVED, now, d)
            core.tell(ti, "revised", old, d, f"only {n} instances are mapped now")
    for k in range(len(instances), n):
        core.create(task, k, d)
        core.touch(task.index, k)
