"""Which instances of a related task belong to one instance: map indexes inside mapped groups.

Two tasks inside one mapped group meet index by index; any other pair meets whole. Owns this
arithmetic and the lengths of groups; creates nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from slipstream.machine.plan import TaskPlan
from slipstream.machine.trigger_rule import UpstreamCounts
from slipstream.state import TaskInstanceState, TriggerRule

if TYPE_CHECKING:
    from slipstream.machine.core import RunCore
    from slipstream.machine.instance import TaskInstance

EAGER_RULES = frozenset(
    {
        TriggerRule.ONE_SUCCESS,
        TriggerRule.ONE_FAILED,
        TriggerRule.ONE_DONE,
        TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS,
    }
)
"""Rules that part of the upstream can satisfy: before expansion they look at all of it."""


def shared_depth(a: TaskPlan, b: TaskPlan) -> int:
    """Return how many enclosing mapped groups two tasks share, counted from the outermost."""
    depth = 0
    for x, y in zip(a.mapped_groups, b.mapped_groups, strict=False):
        if x != y:
            break
        depth += 1
    return depth


def value_length(core: RunCore, task_id: str) -> int | None:
    """Return the length of a task's results when mapped over; None while not all are there."""
    i = core.plan.index[task_id]
    instances = core.by_task[i]
    if not instances:
        return None
    if instances[0].map_index < 0:
        only = instances[0]
        return only.map_length if only.state is TaskInstanceState.SUCCESS else None
    counts = core.counts[i]
    if counts.done < counts.total:
        return None
    return sum(
        1 for ti in instances if ti.state is TaskInstanceState.SUCCESS and ti.map_length is not None
    )


def group_count(core: RunCore, groups: tuple[str, ...]) -> int | None:
    """Return how many times the innermost of nested mapped groups runs; None while unknown."""
    if not groups:
        return 1
    known = core.group_counts
    innermost = groups[-1]
    if innermost not in known:
        outer = group_count(core, groups[:-1])
        mapping = core.plan.groups[innermost].mapping
        own = mapping.length(lambda t: value_length(core, t)) if mapping else 1
        known[innermost] = None if outer is None or own is None else outer * own
    return known[innermost]


def instance_count(core: RunCore, task: TaskPlan) -> int | None:
    """Return how many instances a mapped task has; None while a length is unknown."""
    around = group_count(core, task.mapped_groups)
    if around is None or task.mapping is None:
        return around
    own = task.mapping.length(lambda t: value_length(core, t))
    return None if own is None else around * own


def counterparts(core: RunCore, ti: TaskInstance, other: int) -> range | None:
    """Return the map indexes of task ``other`` that meet ``ti``; None: all of its instances."""
    relative = core.plan.tasks[other]
    depth = shared_depth(ti.task, relative)
    if not depth or ti.map_index < 0:
        return None
    theirs = core.by_task[other]
    if not theirs or theirs[0].map_index < 0:
        return None
    shared = group_count(core, ti.task.mapped_groups[:depth])
    mine = len(core.by_task[ti.task.index])
    if not shared or not mine:
        return None
    at = ti.map_index * shared // mine
    width = max(len(theirs) // shared, 1)
    return range(at * width, min((at + 1) * width, len(theirs)))


def upstream_counts(core: RunCore, ti: TaskInstance, sources: Iterable[int]) -> UpstreamCounts:
    """Count the instances of ``sources`` that ``ti`` depends on (tasks in mapped groups)."""
    total = UpstreamCounts()
    for u in sources:
        theirs = core.by_task[u]
        relative = core.plan.tasks[u]
        inside = shared_depth(ti.task, relative) and theirs and theirs[0].map_index >= 0
        if not inside:
            total.include(core.counts[u])
        elif ti.map_index < 0:
            # Not expanded yet while the neighbour is: it has nothing to wait for but its own
            # expansion, unless part of the neighbour's instances may decide.
            if ti.task.trigger_rule in EAGER_RULES:
                total.include(core.counts[u])
        else:
            met = counterparts(core, ti, u)
            for other in theirs if met is None else (theirs[k] for k in met):
                total.total += 1
                total.setup_total += relative.is_setup
                total.add(other.state, relative.is_setup)
    return total
