"""Why is this task instance not running? Answered from the machine, in reasons and data.

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
from slipstream.machine.reason import WORDS, Reason
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
    """``summary`` is one sentence; ``because`` are all of them; ``data`` is for programs."""

    state: str | None
    code: str
    """A stable word for the main reason: ``upstream``, ``pool``, ``retry``, …"""
    because: list[Reason]
    """The main reason is the first."""
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def reasons(self) -> list[str]:
        return [str(reason) for reason in self.because]

    @property
    def summary(self) -> str:
        return str(self.because[0])


def explain(
    core: RunCore, ti: TaskInstance, now: datetime, view: AdmissionView | None
) -> Explanation:
    """Say why an instance is where it is."""
    view = view or AdmissionView()
    state = ti.state
    found = _run_reason(core, view) if state not in TERMINAL_STATES else None
    if found is None or state in (S.QUEUED, S.RUNNING, S.RESTARTING):
        found = _instance_reason(core, ti, now, view)
    code, because, data = found
    data |= {
        "task_id": ti.key.task_id,
        "map_index": ti.map_index,
        "state": state,
        "try_number": ti.try_number,
        "max_tries": ti.max_tries,
        "run_state": core.state,
    }
    return Explanation(state, code, because, data)


Found = tuple[str, list[Reason], dict[str, Any]]


def _run_reason(core: RunCore, view: AdmissionView) -> Found | None:
    """Return what holds the whole run back."""
    if core.state is DagRunState.QUEUED:
        if view.dag_is_paused:
            return "paused", [Reason("paused_in_queue")], {}
        if view.active_runs is not None:
            data = {"active_runs": view.active_runs, "limit": core.plan.max_active_runs}
            return "max_active_runs", [Reason("max_active_runs", data)], data.copy()
        return "run_queued", [Reason("run_queued")], {}
    if core.state is not DagRunState.RUNNING:
        return "run_ended", [Reason("run_ended", {"state": core.state})], {}
    if view.dag_is_paused:
        return "paused", [Reason("paused")], {}
    return None


def _instance_reason(core: RunCore, ti: TaskInstance, now: datetime, view: AdmissionView) -> Found:
    state = ti.state
    if state in TERMINAL_STATES:
        return _ended(core, ti)
    if state is S.SCHEDULED:
        return _scheduled(ti, view)
    if state is S.QUEUED:
        reason = Reason("queued", {"queued_at": ti.queued_at})
        if view.executor:
            reason = Reason("queued_with", {**reason.params, "executor": view.executor})
        return "queued", [reason], {"attempt_id": ti.attempt_id, "queued_at": ti.queued_at}
    if state is S.RUNNING:
        reason = Reason("running_somewhere", {"start_date": ti.start_date})
        if ti.hostname:
            reason = Reason("running", {**reason.params, "hostname": ti.hostname})
        data = {"attempt_id": ti.attempt_id, "hostname": ti.hostname, "pid": ti.pid}
        return "running", [reason], data
    if state is S.RESTARTING:
        return "restarting", [Reason("restarting")], {"attempt_id": ti.attempt_id}
    if state is S.DEFERRED:
        return "deferred", [_deferred(ti)], {"deferral": ti.deferral}
    if state is S.AWAITING_INPUT:
        return "awaiting_input", [Reason("awaiting_input")], {}
    return _waiting(core, ti, now)


def _deferred(ti: TaskInstance) -> Reason:
    params = {"trigger": (ti.deferral or {}).get("trigger") or "?"}
    if ti.retry_at is None:
        return Reason("deferred", params)
    return Reason("deferred_until", {**params, "until": ti.retry_at})


def _ended(core: RunCore, ti: TaskInstance) -> Found:
    if ti.state is S.SUCCESS:
        return "success", [Reason("success", {"end_date": ti.end_date})], {}
    if ti.state is S.FAILED:
        params = {"end_date": ti.end_date, "try_number": ti.try_number, "tries": ti.max_tries + 1}
        return "failed", [Reason("failed", params)], {}
    if ti.state is S.REMOVED:
        return "removed", [Reason("removed")], {}
    by = skipped_by(core, ti)
    if ti.state is S.SKIPPED and by is not None:
        reason = Reason("skipped_by", {"task": by.key.task_id})
        return "skipped", [reason], {"skipped_by": by.key.task_id}
    reasons, data = _upstream(core, ti)
    code = "skipped" if ti.state is S.SKIPPED else "not_run"
    head = Reason(code, {"trigger_rule": ti.task.trigger_rule})
    return str(ti.state), [head, *reasons], data


def _scheduled(ti: TaskInstance, view: AdmissionView) -> Found:
    if view.blocked is not None:
        b = view.blocked
        data = {"limit": b.limit, "name": b.name, "used": b.used, "allowed": b.allowed}
        return b.limit, [_blocked(b)], data
    return "ready", [Reason("ready_since", {"scheduled_at": ti.scheduled_at})], {}


def _blocked(by: Blocked) -> Reason:
    params = {"name": by.name, "used": by.used, "allowed": by.allowed}
    if by.limit == "pool" and by.used < by.allowed:
        return Reason("pool_too_few", params)
    if by.limit in WORDS:
        return Reason(by.limit, params)
    return Reason("limit_of" if by.name else "limit", {**params, "limit": by.limit})


def _waiting(core: RunCore, ti: TaskInstance, now: datetime) -> Found:
    """Explain an instance that the upstream, the past or the time holds back."""
    code: str | None = None
    reasons: list[Reason] = []
    data: dict[str, Any] = {}
    task = ti.task
    if verdict(core, ti) is not OPEN:
        code = "upstream"
        upstream, data = _upstream(core, ti)
        reasons += [Reason("trigger_rule", {"trigger_rule": task.trigger_rule}), *upstream]
    if task.depends_on_past and task.task_id not in core.past_satisfied:
        code = code or "past"
        reasons.append(Reason("past_downstream" if task.wait_for_downstream else "past"))
    if ti.retry_at is not None and ti.retry_at > now:
        due: dict[str, Any] = {
            "retry_at": ti.retry_at,
            "wait_s": round((ti.retry_at - now).total_seconds()),
        }
        if ti.state is S.UP_FOR_RETRY:
            due |= {"next_try": ti.try_number + 1, "tries": ti.max_tries + 1}
            reasons.append(Reason("retry", due))
        else:
            reasons.append(Reason("reschedule", due))
        code = code or reasons[-1].code
        data["retry_at"] = ti.retry_at
    if not reasons:
        return "ready", [Reason("ready")], data
    return code or "upstream", reasons, data


def _upstream(core: RunCore, ti: TaskInstance) -> tuple[list[Reason], dict[str, Any]]:
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
    reasons = [_upstream_is(each) for each in named]
    if more:
        reasons.append(Reason("upstream_more", {"n": more}))
    up = kin.upstream_counts(core, ti, core.plan.upstream[i])
    return reasons, {
        "trigger_rule": ti.task.trigger_rule,
        "upstream": named,
        "upstream_counts": up.as_dict(),
    }


def _upstream_is(named: dict[str, Any]) -> Reason:
    index = named["map_index"]
    task = named["task_id"] + (f"[{index}]" if index >= 0 else "")
    if named["state"] is None:
        return Reason("upstream_not_scheduled", {"task": task})
    return Reason("upstream", {"task": task, "state": named["state"]})
