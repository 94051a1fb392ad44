"""Why is this task instance not running? Answered from the machine, in words and data.

Reads only; asks the same questions in the same order as ``readiness`` and ``admission``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from slipstream.machine import kin
from slipstream.machine.admission import Blocked
from slipstream.machine.core import RunCore
from slipstream.machine.instance import TaskInstance
from slipstream.machine.readiness import skipped_by, verdict
from slipstream.machine.trigger_rule import OPEN
from slipstream.state import TERMINAL_STATES, DagRunState, TriggerRule
from slipstream.state import TaskInstanceState as S

MAX_NAMED = 10
"""Upstream instances that an explanation names; beyond it says how many more."""


@dataclass(frozen=True, slots=True)
class AdmissionView:
    """What only the scheduler knows of an instance or its run; leave out what is not known."""

    blocked: Blocked | None = None
    dag_is_paused: bool = False
    active_runs: int | None = None
    """Runs of the DAG that are running, when they keep this one in the queue."""
    executor: str | None = None
    host_lost_at: datetime | None = None


@dataclass(slots=True)
class Explanation:
    """``summary`` is one sentence; ``reasons`` are all of them; ``data`` is for programs."""

    state: str | None
    code: str
    """A stable word for the main reason: ``upstream``, ``pool``, ``retry``, …"""
    summary: str
    reasons: list[str] = field(default_factory=list)
    data: dict[str, Any] = field(default_factory=dict)


def explain(
    core: RunCore, ti: TaskInstance, now: datetime, view: AdmissionView | None
) -> Explanation:
    """Say why an instance is where it is."""
    view = view or AdmissionView()
    state = ti.state
    found = _run_reason(core, view) if state not in TERMINAL_STATES else None
    if found is None or state in (S.QUEUED, S.RUNNING, S.RESTARTING):
        found = _instance_reason(core, ti, now, view)
    code, reasons, data = found
    data |= {
        "task_id": ti.key.task_id,
        "map_index": ti.map_index,
        "state": state,
        "try_number": ti.try_number,
        "max_tries": ti.max_tries,
        "run_state": core.state,
    }
    return Explanation(state, code, reasons[0], reasons, data)


Found = tuple[str, list[str], dict[str, Any]]


def _run_reason(core: RunCore, view: AdmissionView) -> Found | None:
    """Return what holds the whole run back."""
    if core.state is DagRunState.QUEUED:
        limit = core.plan.max_active_runs
        if view.dag_is_paused:
            return "paused", ["The DAG is paused; its run stays in the queue."], {}
        if view.active_runs is not None:
            text = (
                f"The run is queued: {view.active_runs} of at most {limit} runs of the DAG are "
                "running (max_active_runs)."
            )
            return "max_active_runs", [text], {"active_runs": view.active_runs, "limit": limit}
        return "run_queued", ["The run is queued and has not started."], {}
    if core.state is not DagRunState.RUNNING:
        return "run_ended", [f"The run has ended: {core.state}. Clear the task to run it."], {}
    if view.dag_is_paused:
        return "paused", ["The DAG is paused: nothing more of this run is started."], {}
    return None


def _instance_reason(core: RunCore, ti: TaskInstance, now: datetime, view: AdmissionView) -> Found:
    state = ti.state
    if state in TERMINAL_STATES:
        return _ended(core, ti)
    if state is S.SCHEDULED:
        return _scheduled(ti, view)
    if state is S.QUEUED:
        where = f" with {view.executor}" if view.executor else ""
        text = f"It is queued{where} since {ti.queued_at} and waits for a worker to start it."
        return "queued", [text], {"attempt_id": ti.attempt_id, "queued_at": ti.queued_at}
    if state is S.RUNNING:
        text = f"It runs since {ti.start_date} on {ti.hostname or 'an unknown host'}."
        data = {"attempt_id": ti.attempt_id, "hostname": ti.hostname, "pid": ti.pid}
        return "running", [text], data
    if state is S.RESTARTING:
        text = "It was cleared while it ran; its process is being ended and it starts again then."
        return "restarting", [text], {"attempt_id": ti.attempt_id}
    if state is S.DEFERRED:
        return "deferred", [_deferred(ti)], {"deferral": ti.deferral}
    if state is S.AWAITING_INPUT:
        return "awaiting_input", ["It waits for somebody's answer."], {}
    return _waiting(core, ti, now)


def _deferred(ti: TaskInstance) -> str:
    trigger = (ti.deferral or {}).get("trigger") or "its trigger"
    over = (
        "it waits until it is cleared or marked"
        if ti.retry_at is None
        else f"its time is over at {ti.retry_at}"
    )
    return f"It is deferred to {trigger}, which no triggerer runs in this version: {over}."


def _ended(core: RunCore, ti: TaskInstance) -> Found:
    texts = {
        S.SUCCESS: f"It succeeded at {ti.end_date}.",
        S.FAILED: f"It failed at {ti.end_date} in try {ti.try_number} of {ti.max_tries + 1}.",
        S.REMOVED: "Its task is no longer in the DAG, or fewer instances are mapped.",
    }
    if ti.state in texts:
        return str(ti.state), [texts[ti.state]], {}
    by = skipped_by(core, ti)
    if ti.state is S.SKIPPED and by is not None:
        text = f"It was skipped: {by.key.task_id} decided against it."
        return "skipped", [text], {"skipped_by": by.key.task_id}
    reasons, data = _upstream(core, ti)
    verb = "skipped" if ti.state is S.SKIPPED else "not run"
    head = f"It was {verb} by its trigger rule {ti.task.trigger_rule} or by its own choice."
    return str(ti.state), [head, *reasons], data


def _scheduled(ti: TaskInstance, view: AdmissionView) -> Found:
    if view.blocked is not None:
        b = view.blocked
        data = {"limit": b.limit, "name": b.name, "used": b.used, "allowed": b.allowed}
        return b.limit, [f"It is ready, but {b}."], data
    text = f"It is ready since {ti.scheduled_at} and is admitted in the scheduler's next turn."
    return "ready", [text], {}


def _waiting(core: RunCore, ti: TaskInstance, now: datetime) -> Found:
    """Explain an instance that the upstream, the past or the time holds back."""
    code: str | None = None
    reasons: list[str] = []
    data: dict[str, Any] = {}
    task = ti.task
    if verdict(core, ti) is not OPEN:
        code = "upstream"
        texts, data = _upstream(core, ti)
        reasons.append(f"Its trigger rule {task.trigger_rule} is not met.")
        reasons += texts
    if task.depends_on_past and task.task_id not in core.past_satisfied:
        code = code or "past"
        what = "and what is downstream of it " if task.wait_for_downstream else ""
        reasons.append(
            f"It depends on the past: its instance {what}in the previous run must succeed first."
        )
    if ti.retry_at is not None and ti.retry_at > now:
        code = code or ("retry" if ti.state is S.UP_FOR_RETRY else "reschedule")
        wait_s = (ti.retry_at - now).total_seconds()
        what = (
            f"its next try ({ti.try_number + 1} of {ti.max_tries + 1})"
            if ti.state is S.UP_FOR_RETRY
            else "its next look"
        )
        reasons.append(f"It waits for {what}, due at {ti.retry_at} (in {wait_s:.0f} s).")
        data["retry_at"] = ti.retry_at
    if not reasons:
        return "ready", ["Nothing holds it back; the scheduler's next step schedules it."], data
    return code or "upstream", reasons, data


def _upstream(core: RunCore, ti: TaskInstance) -> tuple[list[str], dict[str, Any]]:
    """Name the upstream instances that are not done, or did not succeed."""
    i = ti.task.index
    sources = [*core.plan.upstream[i]]
    if ti.task.trigger_rule is not TriggerRule.ALWAYS:
        sources += core.plan.scopes.distant_setups.get(i, ())
        sources += core.plan.scopes.enclosed.get(i, ())
    named: list[dict[str, Any]] = []
    more = 0
    for u in sources:
        theirs = core.by_task[u]
        met = kin.counterparts(core, ti, u)
        for other in theirs if met is None else [theirs[k] for k in met]:
            if other.state is S.SUCCESS:
                continue
            if len(named) == MAX_NAMED:
                more += 1
                continue
            named.append(
                {"task_id": other.key.task_id, "map_index": other.map_index, "state": other.state}
            )
    texts = [
        f"Upstream {n['task_id']}"
        + (f"[{n['map_index']}]" if n["map_index"] >= 0 else "")
        + f" is {n['state'] or 'not scheduled yet'}."
        for n in named
    ]
    if more:
        texts.append(f"And {more} more upstream instances.")
    up = kin.upstream_counts(core, ti, core.plan.upstream[i])
    return texts, {
        "trigger_rule": ti.task.trigger_rule,
        "upstream": named,
        "upstream_counts": up.as_dict(),
    }
