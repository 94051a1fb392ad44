"""Handlers for what people ask: clear, mark task instances, mark the run."""

from __future__ import annotations

from datetime import datetime

from slipstream.machine import clear as selection
from slipstream.machine.core import RunCore
from slipstream.machine.decision import Decision
from slipstream.machine.event import Cleared, Deleted, Marked, RunMarked
from slipstream.machine.instance import TaskInstance
from slipstream.machine.on_attempt import FRESH, cancel, forget_skips, stop
from slipstream.state import TERMINAL_STATES, DagRunState
from slipstream.state import TaskInstanceState as S

_RUN_OVER = (DagRunState.SUCCESS, DagRunState.FAILED)


def cleared(core: RunCore, e: Cleared, now: datetime, d: Decision) -> None:
    """Let instances run again; unknown keys are ignored (their task is gone)."""
    by = f"by {e.by}" if e.by else None
    found = [ti for key in e.keys if (ti := core.tis.get(key)) is not None]
    for ti in found:
        clear_one(core, ti, d, by)
    if found and e.reset_run:
        reopen(core, now, d, by)


def clear_one(core: RunCore, ti: TaskInstance, d: Decision, detail: str | None) -> None:
    """Clear one instance; a running one restarts when its process is gone.

    As Airflow 3, ``max_tries`` grows by the tries used plus the task's retries.
    """
    old = ti.state
    tries = ti.try_number + ti.task.retries
    if old is S.RUNNING:
        if ti.attempt_id is not None:
            d.cancel[ti.attempt_id] = _by("its task instance was cleared", detail)
        core.put(ti, S.RESTARTING, d, max_tries=tries)
    elif old is not S.RESTARTING:
        if old is S.QUEUED:
            # Its try did not begin.
            cancel(core, ti, None, d, _by("its task instance was cleared", detail))
            if not ti.try_is_open:
                tries -= 1
                core.put(ti, old, d, try_number=ti.try_number - 1)
        forget_skips(core, ti)
        core.put(ti, None, d, **FRESH, max_tries=tries)
        core.touch(ti.task.index, ti.map_index)
    core.tell(ti, "cleared", old, d, detail)


def _by(what: str, detail: str | None) -> str:
    return f"{what} {detail}" if detail and detail.startswith("by ") else what


def reopen(core: RunCore, now: datetime, d: Decision, detail: str | None) -> None:
    """Put an ended run back into the queue; a clear is counted in any state, as in Airflow."""
    old = core.state
    core.put_run(old, d, clear_number=core.clear_number + 1, queued_at=now)
    if old in _RUN_OVER:
        core.put_run(DagRunState.QUEUED, d, start_date=None, end_date=None)
        core.tell_run("cleared", old, d, detail)


def marked(core: RunCore, e: Marked, now: datetime, d: Decision) -> None:
    """Set instances to a final state; failed ones downstream of them are cleared.

    As Airflow 3: what failed downstream gets another chance, which reopens an ended run.
    """
    by = f"by {e.by}" if e.by else None
    found = [ti for key in e.keys if (ti := core.tis.get(key)) is not None]
    changed = []
    for ti in found:
        if ti.state is e.state:
            continue
        old = ti.state
        cancel(core, ti, e.state, d, _by(f"its task instance was marked {e.state}", by))
        core.finish(ti, e.state, now, d)
        core.tell(ti, "marked", old, d, by)
        changed.append(ti)
    again = _failed_below(core, found)
    for ti in again:
        clear_one(core, ti, d, "its upstream was marked")
    if again:
        reopen(core, now, d, "failed tasks below a marked one were cleared")


def _failed_below(core: RunCore, marked: list[TaskInstance]) -> list[TaskInstance]:
    ids = {ti.task.task_id for ti in marked}
    chosen = selection.expand_tasks(core.plan, ids, upstream=False, downstream=True)
    return [
        ti
        for i in sorted(chosen)
        if core.plan.tasks[i].task_id not in ids
        for ti in core.by_task[i]
        if ti.state in (S.FAILED, S.UPSTREAM_FAILED)
    ]


def deleted(core: RunCore, e: Deleted, now: datetime, d: Decision) -> None:
    """Begin instances anew as if they had never been; unknown keys are ignored."""
    by = f"by {e.by}" if e.by else None
    for key in e.keys:
        ti = core.tis.get(key)
        if ti is None:
            continue
        old = ti.state
        cancel(core, ti, None, d, _by("its task instance was deleted", by))
        forget_skips(core, ti)
        core.renew(ti, d)
        core.tell(ti, "deleted", old, d, by)


def run_marked(core: RunCore, e: RunMarked, now: datetime, d: Decision) -> None:
    """Set the run's state; success and failed settle what is unfinished.

    As Airflow 3: running instances take the run's state, waiting ones are skipped, teardowns are
    left to run, and while one is unfinished the run goes on until it is done.
    """
    old = core.state
    by = f"by {e.by}" if e.by else None
    if e.state not in _RUN_OVER:
        _put_active(core, e.state, now, d, by)
        return
    to = S.SUCCESS if e.state is DagRunState.SUCCESS else S.FAILED
    teardown_left = False
    for ti in list(core.tis.values()):
        if ti.state in TERMINAL_STATES:
            continue
        if ti.task.is_teardown:
            teardown_left = True
        else:
            stop(core, ti, to, now, d, "run_marked", _by(f"the run was marked {e.state}", by))
    if not teardown_left or old in _RUN_OVER:
        core.put_run(e.state, d, end_date=now)
    core.tell_run("run_marked", old, d, by)


def _put_active(
    core: RunCore, state: DagRunState, now: datetime, d: Decision, by: str | None
) -> None:
    old = core.state
    if state is DagRunState.RUNNING:
        core.put_run(state, d, start_date=now, end_date=None)
        core.touch_all()
    else:
        core.put_run(state, d, queued_at=now, start_date=None, end_date=None)
    core.tell_run("run_marked", old, d, by)
