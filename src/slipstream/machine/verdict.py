"""The run's verdict: success, failure, deadlock, or not yet."""

from __future__ import annotations

from datetime import datetime

from slipstream.machine.core import RunCore
from slipstream.machine.decision import CallbackDue, Decision
from slipstream.machine.event import TIKey
from slipstream.machine.instance import TaskInstance
from slipstream.machine.readiness import verdict
from slipstream.machine.trigger_rule import OPEN
from slipstream.state import FAILED_STATES, DagRunState, TaskInstanceState


def conclude(core: RunCore, now: datetime, d: Decision) -> None:
    """End a running run whose instances are all done, or that can never go on."""
    if core.state is not DagRunState.RUNNING:
        return
    if core.n_unfinished == 0:
        if any_failed(core):
            end_run(core, DagRunState.FAILED, now, d, "task_failure")
        else:
            end_run(core, DagRunState.SUCCESS, now, d, "success")
    elif core.n_active == 0 and is_deadlocked(core):
        end_run(core, DagRunState.FAILED, now, d, "all_tasks_deadlocked")


def any_failed(core: RunCore) -> bool:
    """Whether an instance that decides the run's state failed (see ``DagPlan.deciding``)."""
    return any(core.counts[i].failed or core.counts[i].upstream_failed for i in core.plan.deciding)


def is_deadlocked(core: RunCore) -> bool:
    """Whether no unfinished instance can ever move; call only when none is active.

    As Airflow 3: never while one may wait for another run (past, concurrency limits); an
    instance that only waits for its retry counts as able to move.
    """
    for ti in core.delayed.values():
        if ti.task.index in core.plan.blocks_deadlock or verdict(core, ti) is OPEN:
            return False
    if core.plan.blocks_deadlock:
        return not any(
            ti.state is None for i in core.plan.blocks_deadlock for ti in core.by_task[i]
        )
    return True


def end_run(core: RunCore, state: DagRunState, now: datetime, d: Decision, reason: str) -> None:
    """Put the run into a final state and name the callback that is due."""
    old = core.state
    core.put_run(state, d, end_date=now)
    core.tell_run("run_ended", old, d, reason)
    kind = "success" if state is DagRunState.SUCCESS else "failure"
    if kind in core.plan.callbacks:
        d.callbacks.append(CallbackDue(f"dag_{kind}", _cause(core, state), reason))


def _cause(core: RunCore, state: DagRunState) -> TIKey | None:
    """Return the instance that a run callback's context shows: the last one to end that way."""
    wanted = (
        {TaskInstanceState.SUCCESS}
        if state is DagRunState.SUCCESS
        else FAILED_STATES | {TaskInstanceState.SKIPPED, None}
    )
    last: TaskInstance | None = None
    for ti in core.tis.values():
        if ti.state not in wanted:
            continue
        if last is None or _rank(ti) > _rank(last):
            last = ti
    return None if last is None else last.key


def _rank(ti: TaskInstance) -> tuple[bool, float]:
    ended = 0.0 if ti.end_date is None else ti.end_date.timestamp()
    return ti.state in (TaskInstanceState.FAILED, TaskInstanceState.SUCCESS), ended
