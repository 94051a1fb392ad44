"""May it run now? Walks the touched tasks in topological order and moves what can move.

Owns the order of the questions (earlier branch decisions, trigger rule, mapping, past, time) and
scheduling itself; one cascade of skips or failures is settled in one pass.
"""

from __future__ import annotations

from datetime import datetime

from slipstream.machine import kin, mapping
from slipstream.machine.core import WAITING_STATES, RunCore
from slipstream.machine.decision import Decision
from slipstream.machine.event import TIKey
from slipstream.machine.instance import TaskInstance
from slipstream.machine.plan import TaskPlan
from slipstream.machine.trigger_rule import OPEN, WAIT, Verdict, evaluate, evaluate_setups
from slipstream.state import DagRunState, TaskInstanceState, TriggerRule


def settle(core: RunCore, now: datetime, d: Decision) -> None:
    """Move every touched instance that can move, until nothing is touched.

    Where the core has a pace, a decision that is full leaves the rest touched.
    """
    if core.state is not DagRunState.RUNNING:
        core.forget_touched()
        return
    while (touched := core.take_touched()) is not None:
        i, indexes = touched
        _look_at(core, core.plan.tasks[i], indexes, now, d)
        if _is_full(core, d):
            return


def _is_full(core: RunCore, d: Decision) -> bool:
    return core.pace is not None and len(d.changes) >= core.pace


def _look_at(
    core: RunCore, task: TaskPlan, indexes: set[int] | None, now: datetime, d: Decision
) -> None:
    i = task.index
    if not core.n_waiting[i]:
        return
    instances = core.by_task[i]
    # Outside of mapped groups all instances of a task have the same upstream; only their map
    # index may tell them apart, when some of it was removed.
    alike = not task.mapped_groups and not (task.mapping and core.up[i].removed)
    found = _find(core, instances[0]) if alike else None
    if found is not None and found[0] is WAIT and i not in core.skipped_by:
        return
    if indexes is not None:
        chosen = (core.tis.get(TIKey(task.task_id, k)) for k in sorted(indexes))
        instances = [ti for ti in chosen if ti is not None]
    elif task.is_expanded:
        instances = list(instances)  # expansion changes it
    revised = not task.is_expanded
    for n, ti in enumerate(instances, start=1):
        if ti.state not in WAITING_STATES:
            continue
        mine = found or _find(core, ti)
        if mine[0] is OPEN and not revised:
            revised = True
            mapping.revise(core, task, now, d)
            if ti.state not in WAITING_STATES:
                continue
        _decide(core, ti, mine, now, d)
        if _is_full(core, d):
            for left in instances[n:]:
                core.touch(i, left.map_index)
            return


Found = tuple[Verdict, str | None]
"""A verdict, and its reason when that is not the trigger rule."""


def _find(core: RunCore, ti: TaskInstance) -> Found:
    found = verdict(core, ti)
    if ti.task.is_expanded and not isinstance(found, TaskInstanceState):
        ended = _mapped_sources(core, ti.task)
        if ended is not None:
            return ended, "what it maps over did not succeed"
    return found, None


def verdict(core: RunCore, ti: TaskInstance) -> Verdict:
    """Return what setups, trigger rule and teardown scope say of an instance, as Airflow 3."""
    task = ti.task
    i = task.index
    if task.trigger_rule is TriggerRule.ALWAYS or not core.plan.upstream[i]:
        return OPEN
    scopes = core.plan.scopes
    setups: Verdict = OPEN
    if i in scopes.distant_setups:
        setups = evaluate_setups(
            kin.upstream_counts(core, ti, scopes.distant_setups[i]), ti.map_index
        )
        if isinstance(setups, TaskInstanceState):
            return setups
    if task.mapped_groups:
        up = kin.upstream_counts(core, ti, core.plan.upstream[i])
    else:
        up = core.up[i]
    direct = evaluate(task.trigger_rule, up, ti.map_index)
    if direct is not OPEN:
        return direct
    if i in scopes.enclosed:
        inside = kin.upstream_counts(core, ti, scopes.enclosed[i])
        if inside.done < inside.total:
            return WAIT
    return setups


def _decide(core: RunCore, ti: TaskInstance, answer: Found, now: datetime, d: Decision) -> None:
    """Apply a verdict to one waiting instance; an earlier branch decision goes first."""
    task = ti.task
    found, reason = answer
    by = skipped_by(core, ti)
    if by is not None:
        found, reason = TaskInstanceState.SKIPPED, f"{by.task.task_id} decided to skip it"
    if found is WAIT:
        return
    past_ok = not task.depends_on_past or task.task_id in core.past_satisfied
    if isinstance(found, TaskInstanceState):
        if (
            found is TaskInstanceState.SKIPPED
            and task.wait_for_past_before_skipping
            and not past_ok
        ):
            return
        old = ti.state
        core.finish(ti, found, now, d)
        core.tell(ti, "trigger_rule", old, d, reason or _because(core, ti))
        return
    if not past_ok or (ti.retry_at is not None and ti.retry_at > now):
        return
    if ti.map_index < 0 and task.is_expanded:
        mapping.expand(core, ti, now, d)
    else:
        schedule(core, ti, now, d)


def skipped_by(core: RunCore, ti: TaskInstance) -> TaskInstance | None:
    """Return the finished upstream instance whose branch decision skips this one, if any."""
    for parent in core.skipped_by.get(ti.task.index, ()):
        if parent.map_index < 0 or parent.map_index == ti.map_index:
            return parent
    return None


def _mapped_sources(core: RunCore, task: TaskPlan) -> TaskInstanceState | None:
    """Return how a mapped task ends when what it maps over failed or was skipped."""
    by = task.mapping
    if by is None:
        by = core.plan.groups[task.mapped_groups[-1]].mapping
    ended = None
    for source in by.dependencies if by else ():
        for ti in core.by_task[core.plan.index[source]][:1]:
            if ti.map_index >= 0:
                continue
            if ti.state in (TaskInstanceState.FAILED, TaskInstanceState.UPSTREAM_FAILED):
                return TaskInstanceState.UPSTREAM_FAILED
            if ti.state is TaskInstanceState.SKIPPED:
                ended = TaskInstanceState.SKIPPED
    return ended


def _because(core: RunCore, ti: TaskInstance) -> str:
    up = core.up[ti.task.index]
    parts = [
        f"{n} {name}"
        for name, n in (
            ("failed", up.failed),
            ("upstream_failed", up.upstream_failed),
            ("skipped", up.skipped),
            ("removed", up.removed),
            ("succeeded", up.success),
        )
        if n
    ]
    return f"trigger rule {ti.task.trigger_rule}: of {up.total} upstream, {', '.join(parts)}"


def schedule(core: RunCore, ti: TaskInstance, now: datetime, d: Decision) -> None:
    """Make an instance ready for admission; one that needs no process succeeds at once."""
    if not ti.task.no_op:
        core.put(ti, TaskInstanceState.SCHEDULED, d, scheduled_at=now, retry_at=None)
        d.ready.append(ti.key)
        return
    old = ti.state
    core.put(
        ti,
        TaskInstanceState.SUCCESS,
        d,
        try_number=ti.try_number + 1,
        start_date=now,
        end_date=now,
        retry_at=None,
    )
    core.tell(ti, "no_op", old, d, "it needs no process")
