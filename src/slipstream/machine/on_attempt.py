"""Handlers for what happens to attempts: admitted, started, finished, lost, handed back.

Every message about an attempt names it; one about any but the current attempt is refused.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from slipstream.attempt import RESUME_TO_FAIL, Outcome
from slipstream.errors import InvalidTransition
from slipstream.machine.core import RunCore
from slipstream.machine.decision import CallbackDue, Decision
from slipstream.machine.event import (
    Admitted,
    Finished,
    HandedBack,
    HostLost,
    Started,
    TimerDue,
    TriggerFired,
)
from slipstream.machine.instance import TaskInstance
from slipstream.machine.kin import shared_depth
from slipstream.machine.retry import may_retry, retry_at
from slipstream.state import TaskInstanceState as S

_CLOCKS_DIFFER = timedelta(seconds=5)
"""Clocks of different machines, at most."""


def admitted(core: RunCore, ti: TaskInstance, e: Admitted, now: datetime, d: Decision) -> None:
    """Queue the instance with its new attempt; a new try begins unless one is open."""
    values: dict[str, Any] = {"attempt_id": e.attempt_id, "queued_at": now}
    if not ti.try_is_open:
        values |= {"try_number": ti.try_number + 1, "start_date": None, "end_date": None}
    core.put(ti, S.QUEUED, d, hostname=None, pid=None, **values)
    core.tell(ti, "admitted", S.SCHEDULED, d, attempt_id=e.attempt_id)


def started(core: RunCore, ti: TaskInstance, e: Started, now: datetime, d: Decision) -> None:
    """Note that a process runs the attempt; the first start of a try is the try's start."""
    if not _is_current(ti, e.attempt_id, d):
        return
    old = ti.state
    values: dict[str, Any] = {"hostname": e.hostname, "pid": e.pid, "end_date": None}
    if not ti.try_is_open or ti.start_date is None:
        values["start_date"] = e.started_at
    core.put(ti, S.RUNNING, d, **values)
    core.tell(ti, "started", old, d, attempt_id=e.attempt_id)


def finished(core: RunCore, ti: TaskInstance, e: Finished, now: datetime, d: Decision) -> None:
    """Apply the attempt's outcome."""
    outcome = e.outcome
    if not _is_current(ti, outcome.attempt_id, d):
        return
    apply = _OUTCOMES.get(outcome.state)
    if apply is None:
        raise InvalidTransition(
            f"{ti!r}: an attempt cannot end in state {outcome.state!r} ({outcome.attempt_id})"
        )
    old = ti.state
    ended_at = outcome.ended_at or now
    if ended_at > now + _CLOCKS_DIFFER:
        ended_at = now  # the clock was set back since; nothing waits until that time comes again
    if outcome.started_at is not None and (ti.start_date is None or not ti.try_is_open):
        ti.start_date = outcome.started_at
        core.record(ti, {"start_date": outcome.started_at}, d)
    apply(core, ti, outcome, ended_at, d)
    core.end_attempt(ti, ti.state, d)
    core.tell(ti, "finished", old, d, outcome.error, outcome.attempt_id)
    if ti.state is S.FAILED and core.plan.fail_fast:
        fail_fast(core, ti, now, d)


def _succeed(core: RunCore, ti: TaskInstance, o: Outcome, at: datetime, d: Decision) -> None:
    core.put(
        ti,
        S.SUCCESS,
        d,
        end_date=at,
        deferral=None,
        map_length=_map_length(core, ti, o),
        skips=list(o.skip) if o.skip else None,
    )
    if o.skip:
        apply_skips(core, ti, o.skip, at, d)


def _map_length(core: RunCore, ti: TaskInstance, o: Outcome) -> int | None:
    """Return the length that downstream maps over; an instance of a mapped task counts as one."""
    if o.map_length is not None or ti.task.index not in core.plan.mapping_sources:
        return o.map_length
    pushed = any(x.get("key") == "return_value" for x in o.xcoms or ())
    return 1 if ti.map_index >= 0 and pushed else None


def _skip(core: RunCore, ti: TaskInstance, o: Outcome, at: datetime, d: Decision) -> None:
    core.put(ti, S.SKIPPED, d, end_date=at, deferral=None)


def _fail(core: RunCore, ti: TaskInstance, o: Outcome, at: datetime, d: Decision) -> None:
    if o.retryable and may_retry(ti):
        _wait_for_retry(core, ti, at, d)
        _callback_if_lost(ti, o, "retry", d)
    else:
        core.put(ti, S.FAILED, d, end_date=at, deferral=None)
        _callback_if_lost(ti, o, "failure", d)


def _wait_for_retry(core: RunCore, ti: TaskInstance, at: datetime, d: Decision) -> None:
    due = retry_at(ti, core.facts.run_id, at)
    core.put(ti, S.UP_FOR_RETRY, d, end_date=at, retry_at=due, deferral=None, reschedule_count=0)
    d.timers.append((due, ti.key))


def _callback_if_lost(ti: TaskInstance, o: Outcome, kind: str, d: Decision) -> None:
    """Name the callback that the vanished process did not run itself."""
    if (o.host_lost or not o.callbacks_done) and kind in ti.task.callbacks:
        d.callbacks.append(CallbackDue(f"task_{kind}", ti.key, o.error or "the process vanished"))


def _reschedule(core: RunCore, ti: TaskInstance, o: Outcome, at: datetime, d: Decision) -> None:
    due = at
    if o.reschedule_at is not None:
        due = at + (o.reschedule_at - (o.ended_at or at))
    core.put(
        ti,
        S.UP_FOR_RESCHEDULE,
        d,
        end_date=at,
        retry_at=due,
        reschedule_count=ti.reschedule_count + 1,
        deferral=None,
    )
    d.timers.append((due, ti.key))


def _defer(core: RunCore, ti: TaskInstance, o: Outcome, at: datetime, d: Decision) -> None:
    deferral = o.defer or {}
    timeout_s = deferral.get("timeout_s")
    due = None if timeout_s is None else at + timedelta(seconds=timeout_s)
    core.put(ti, S.DEFERRED, d, end_date=None, deferral=deferral, retry_at=due)
    if due is not None:
        d.timers.append((due, ti.key))


_OUTCOMES = {
    S.SUCCESS: _succeed,
    S.SKIPPED: _skip,
    S.FAILED: _fail,
    S.UP_FOR_RESCHEDULE: _reschedule,
    S.DEFERRED: _defer,
}


def host_lost(core: RunCore, ti: TaskInstance, e: HostLost, now: datetime, d: Decision) -> None:
    """Fail the try by the task's own retries: nobody saw the attempt end."""
    lost = Outcome(
        attempt_id=e.attempt_id,
        state=S.FAILED,
        host_lost=True,
        callbacks_done=False,
        error=e.reason,
        ended_at=now,
    )
    finished(core, ti, Finished(e.key, lost), now, d)
    if d.refused is None and d.story:
        d.story[-1].kind = "host_lost"


def handed_back(core: RunCore, ti: TaskInstance, e: HandedBack, now: datetime, d: Decision) -> None:
    """Make the instance ready again as if it had not been admitted."""
    if not _is_current(ti, e.attempt_id, d):
        return
    core.end_attempt(ti, None, d)
    tries = ti.try_number if ti.try_is_open else ti.try_number - 1
    core.put(
        ti, S.SCHEDULED, d, attempt_id=None, queued_at=None, try_number=tries, scheduled_at=now
    )
    core.tell(ti, "handed_back", S.QUEUED, d, attempt_id=e.attempt_id)
    d.ready.append(ti.key)


def restart(
    core: RunCore, ti: TaskInstance, e: Finished | HostLost | HandedBack, now: datetime, d: Decision
) -> None:
    """A cleared instance's process is gone, whatever it said last: it starts anew."""
    attempt_id = e.outcome.attempt_id if isinstance(e, Finished) else e.attempt_id
    if not _is_current(ti, attempt_id, d):
        return
    core.end_attempt(ti, S.FAILED, d)
    core.put(ti, None, d, **FRESH)
    core.tell(ti, "restarted", S.RESTARTING, d, attempt_id=attempt_id)
    core.touch(ti.task.index, ti.map_index)


FRESH: dict[str, Any] = {
    "start_date": None,
    "end_date": None,
    "scheduled_at": None,
    "queued_at": None,
    "retry_at": None,
    "reschedule_count": 0,
    "deferral": None,
    "map_length": None,
    "skips": None,
}
"""Column values of an instance that begins anew; its tries and attempt id stay."""


def timer_due(core: RunCore, ti: TaskInstance, e: TimerDue, now: datetime, d: Decision) -> None:
    """Look whether a delayed instance may run; an early timer is set again."""
    if ti.retry_at is not None and ti.retry_at > now:
        d.timers.append((ti.retry_at, ti.key))
        return
    core.touch(ti.task.index, ti.map_index)


def deferral_over(core: RunCore, ti: TaskInstance, e: TimerDue, now: datetime, d: Decision) -> None:
    """Resume a deferred instance that has waited for its timeout: it fails in its own process."""
    if ti.retry_at is None:
        d.refused = f"{ti!r} waits for its trigger as long as it takes"
        return
    if ti.retry_at > now:
        d.timers.append((ti.retry_at, ti.key))
        return
    _resume(core, ti, RESUME_TO_FAIL, {"is_timeout": True}, now, d)
    core.tell(ti, "trigger_timed_out", S.DEFERRED, d, "its trigger did not fire in time")


def _resume(
    core: RunCore,
    ti: TaskInstance,
    next_method: str,
    next_kwargs: dict[str, Any],
    now: datetime,
    d: Decision,
) -> None:
    how = {"next_method": next_method, "next_kwargs": next_kwargs}
    deferral = {**(ti.deferral or {}), **how}
    core.put(ti, S.SCHEDULED, d, deferral=deferral, scheduled_at=now, retry_at=None)
    d.ready.append(ti.key)


def trigger_fired(
    core: RunCore, ti: TaskInstance, e: TriggerFired, now: datetime, d: Decision
) -> None:
    """Resume a deferred instance, or end it when its trigger said how."""
    if not _is_current(ti, e.attempt_id, d):
        return
    old = ti.state
    if e.state is None:
        _resume(core, ti, e.next_method, e.next_kwargs, now, d)
        core.tell(ti, "trigger_fired", old, d)
        return
    ti.retry_at = None
    core.record(ti, {"retry_at": None}, d)
    outcome = Outcome(attempt_id=e.attempt_id, state=e.state, ended_at=now)
    _OUTCOMES[e.state](core, ti, outcome, now, d)
    core.end_attempt(ti, ti.state, d)
    core.tell(ti, "trigger_fired", old, d, "the trigger ended the task")
    if ti.state is S.FAILED and core.plan.fail_fast:
        fail_fast(core, ti, now, d)


def apply_skips(
    core: RunCore, ti: TaskInstance, task_ids: list[str], now: datetime, d: Decision
) -> None:
    """Skip at once what a branch or short circuit decided against; remember it for clears.

    As Airflow 3, instances that run or have run are left alone.
    """
    remember_skips(core, ti)
    for task_id in task_ids:
        i = core.plan.index.get(task_id)
        if i is None:
            continue
        for other in skip_targets(core, ti, i):
            if other.state in (S.RUNNING, S.RESTARTING, S.SUCCESS, S.FAILED, S.SKIPPED, S.REMOVED):
                continue
            if other.state is S.UPSTREAM_FAILED and ti.map_index < 0 <= other.map_index:
                # Airflow's skip at once does not reach instances that are expanded already.
                continue
            if other.task.wait_for_past_before_skipping and (
                other.task.depends_on_past and other.task.task_id not in core.past_satisfied
            ):
                continue
            old = other.state
            if old is S.QUEUED and other.attempt_id is not None:
                d.cancel[other.attempt_id] = f"{ti.task.task_id} decided to skip it"
                core.end_attempt(other, S.SKIPPED, d)
            core.finish(other, S.SKIPPED, now, d)
            core.tell(other, "branch_skip", old, d, f"{ti.task.task_id} decided to skip it")


def skip_targets(core: RunCore, ti: TaskInstance, i: int) -> list[TaskInstance]:
    """Return the instances of task ``i`` that a decision of ``ti`` is about."""
    theirs = core.by_task[i]
    if ti.map_index < 0 or not theirs or theirs[0].map_index < 0:
        return list(theirs)
    if shared_depth(ti.task, core.plan.tasks[i]):
        return [theirs[ti.map_index]] if ti.map_index < len(theirs) else []
    return list(theirs)


def remember_skips(core: RunCore, ti: TaskInstance) -> None:
    """Let a finished instance's decision apply again when its direct downstream is cleared."""
    direct = core.plan.downstream[ti.task.index]
    for task_id in ti.skips or ():
        i = core.plan.index.get(task_id)
        if i in direct and ti not in core.skipped_by.setdefault(i, []):
            core.skipped_by[i].append(ti)


def forget_skips(core: RunCore, ti: TaskInstance) -> None:
    """Take a cleared instance's decision back: it will decide anew."""
    for task_id in ti.skips or ():
        i = core.plan.index.get(task_id)
        deciders = core.skipped_by.get(i) if i is not None else None
        if i is not None and deciders and ti in deciders:
            deciders.remove(ti)
            if not deciders:
                del core.skipped_by[i]


def fail_fast(core: RunCore, failed: TaskInstance, now: datetime, d: Decision) -> None:
    """Stop the rest of the run after a failure: running ones fail, the others are skipped."""
    for ti in list(core.tis.values()):
        if ti is failed or ti.task.is_teardown:
            continue
        if ti.state in (S.SUCCESS, S.FAILED, S.SKIPPED, S.REMOVED):
            continue
        why = f"{failed.key.task_id} failed, and its DAG fails fast"
        stop(core, ti, S.FAILED, now, d, "fail_fast", why)


def stop(
    core: RunCore,
    ti: TaskInstance,
    running_to: S,
    now: datetime,
    d: Decision,
    kind: str,
    why: str,
) -> None:
    """End an unfinished instance from outside: a running one as ``running_to``, others skipped."""
    old = ti.state
    is_begun = old in (S.RUNNING, S.RESTARTING, S.DEFERRED, S.UP_FOR_RESCHEDULE, S.AWAITING_INPUT)
    to = running_to if is_begun else S.SKIPPED
    cancel(core, ti, to, d, why)
    core.finish(ti, to, now, d)
    core.tell(ti, kind, old, d, why)


def cancel(core: RunCore, ti: TaskInstance, ended_in: S | None, d: Decision, why: str) -> None:
    """Ask for the end of the current attempt's process, if it may have one."""
    if ti.state in (S.QUEUED, S.RUNNING, S.RESTARTING) and ti.attempt_id is not None:
        d.cancel[ti.attempt_id] = why
        core.end_attempt(ti, ended_in, d)


def _is_current(ti: TaskInstance, attempt_id: str, d: Decision) -> bool:
    if ti.attempt_id == attempt_id:
        return True
    d.refused = (
        f"attempt {attempt_id} of {ti.key.task_id}[{ti.map_index}] is not current "
        f"(that is {ti.attempt_id})"
    )
    return False


def refuse(core: RunCore, ti: TaskInstance, e: Any, now: datetime, d: Decision) -> None:
    """Refuse a message that comes late: a duplicate, or about a state that has moved on."""
    d.refused = f"{type(e).__name__} comes too late: {ti.key.task_id} is {ti.state}"
