"""Which task instances a clear (or a mark) is about: relatives, setups, teardowns, filters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from slipstream.machine.event import TIKey
from slipstream.machine.plan import DagPlan
from slipstream.machine.weight import members
from slipstream.state import TaskInstanceState as S


def select(
    plan: DagPlan,
    ti_states: Mapping[TIKey, S | None],
    task_ids: Iterable[str | tuple[str, int]] | None = None,
    *,
    upstream: bool = False,
    downstream: bool = False,
    only_failed: bool = False,
    only_running: bool = False,
) -> list[TIKey]:
    """Return the keys to clear, in topological order.

    ``task_ids`` are task ids or (task id, map index); None is the whole run. A clear of a task
    takes in its setups and their teardowns, as Airflow 3. Unknown task ids raise KeyError.
    """
    wanted = _wanted_states(only_failed, only_running)
    indexes: dict[int, set[int]] = {}
    if task_ids is None:
        chosen = set(range(len(plan.tasks)))
    else:
        names = set()
        for item in task_ids:
            if isinstance(item, str):
                names.add(item)
            else:
                names.add(item[0])
                indexes.setdefault(plan.index[item[0]], set()).add(item[1])
        chosen = expand_tasks(plan, names, upstream=upstream, downstream=downstream)
    keys = []
    for key, state in ti_states.items():
        i = plan.index.get(key.task_id)
        if i is None or i not in chosen or (wanted is not None and state not in wanted):
            continue
        if i in indexes and key.map_index not in indexes[i]:
            continue
        keys.append(key)
    return sorted(keys, key=lambda k: (plan.index[k.task_id], k.map_index))


def _wanted_states(only_failed: bool, only_running: bool) -> frozenset[S | None] | None:
    if not (only_failed or only_running):
        return None
    wanted: set[S | None] = set()
    if only_failed:
        wanted |= {S.FAILED, S.UPSTREAM_FAILED}
    if only_running:
        wanted.add(S.RUNNING)
    return frozenset(wanted)


def expand_tasks(
    plan: DagPlan, task_ids: Iterable[str], *, upstream: bool, downstream: bool
) -> set[int]:
    """Return the tasks that a clear of some tasks covers.

    As Airflow 3: besides relatives asked for, the setups whose scope a task is in, with their
    teardowns; and a cleared setup takes its teardowns along.
    """
    start = {plan.index[t] for t in task_ids}
    chosen = set(start)
    for i in start:
        task = plan.tasks[i]
        if downstream:
            for j in members(plan.below[i]):
                chosen.add(j)
                relative = plan.tasks[j]
                if j not in start and not relative.is_setup and not relative.is_teardown:
                    chosen |= _scope_of(plan, j)
        if upstream:
            for j in members(plan.above[i]):
                chosen.add(j)
                if plan.tasks[j].is_setup:
                    chosen |= _teardowns(plan, j)
        elif not task.is_setup and not task.is_teardown:
            chosen |= _scope_of(plan, i)
        if task.is_setup and not downstream:
            chosen |= _teardowns(plan, i)
    return chosen


def _teardowns(plan: DagPlan, i: int) -> set[int]:
    return {j for j in plan.downstream[i] if plan.tasks[j].is_teardown}


def _scope_of(plan: DagPlan, i: int) -> set[int]:
    """Return the setups that a task is in the scope of, and their teardowns."""
    if not plan.has_setups:
        return set()
    found: set[int] = set()
    for s in members(plan.above[i]):
        if not plan.tasks[s].is_setup:
            continue
        teardowns = _teardowns(plan, s)
        if not teardowns or any(plan.below[i] >> t & 1 for t in teardowns):
            found |= {s, *teardowns}
    return found
