"""Every invariant of a run machine, recomputed from its instances. For tests."""

from __future__ import annotations

from slipstream.machine.core import WAITING_STATES, RunCore
from slipstream.machine.trigger_rule import UpstreamCounts
from slipstream.state import EXECUTING_STATES, TERMINAL_STATES, DagRunState
from slipstream.state import TaskInstanceState as S


def check(core: RunCore) -> None:
    """Raise AssertionError for the first invariant that does not hold."""
    _check_instances(core)
    _check_counters(core)
    _check_run(core)


def _check_instances(core: RunCore) -> None:
    listed = [ti for instances in core.by_task for ti in instances]
    assert len(listed) == len(core.tis), "by_task and tis disagree"
    for i, instances in enumerate(core.by_task):
        indexes = [ti.map_index for ti in instances]
        assert indexes in ([], [-1], list(range(len(indexes)))), (core.plan.tasks[i], indexes)
    for key, ti in core.tis.items():
        assert ti.key == key, f"{ti!r} is filed under {key}"
        assert ti.try_number >= 0, f"{ti!r} has a negative try"
        if ti.state in EXECUTING_STATES or ti.state is S.RESTARTING:
            assert ti.attempt_id is not None, f"{ti!r} executes without an attempt"
            assert ti.try_number >= 1, f"{ti!r} executes without a try"
        if ti.state in (S.UP_FOR_RETRY, S.UP_FOR_RESCHEDULE):
            assert ti.retry_at is not None, f"{ti!r} waits for no time"
        if ti.state in TERMINAL_STATES:
            assert ti.end_date is not None, f"{ti!r} ended at no time"
        if ti.state is S.DEFERRED:
            assert ti.deferral is not None, f"{ti!r} is deferred without a trigger"
        if ti.skips and ti.state in TERMINAL_STATES:
            for task_id in ti.skips:
                below = core.plan.index.get(task_id)
                if below is not None and below in core.plan.downstream[ti.task.index]:
                    assert ti in core.skipped_by.get(below, []), f"{ti!r}'s decision is forgotten"


def _check_counters(core: RunCore) -> None:
    own = [UpstreamCounts() for _ in core.plan.tasks]
    unfinished = active = 0
    delayed = set()
    for ti in core.tis.values():
        counts, is_setup = own[ti.task.index], ti.task.is_setup
        counts.total += 1
        counts.setup_total += is_setup
        counts.add(ti.state, is_setup)
        unfinished += ti.state not in TERMINAL_STATES
        if ti.state in (S.UP_FOR_RETRY, S.UP_FOR_RESCHEDULE):
            delayed.add(ti.key)
        elif ti.state is not None and ti.state not in TERMINAL_STATES:
            active += 1
    waiting = [sum(t.state in WAITING_STATES for t in tis) for tis in core.by_task]
    assert waiting == core.n_waiting, "the waiting counts drifted"
    assert own == core.counts, "a task's counts drifted"
    assert unfinished == core.n_unfinished, (unfinished, core.n_unfinished)
    assert active == core.n_active, (active, core.n_active)
    assert delayed == set(core.delayed), "the delayed set drifted"
    for i, upstream in enumerate(core.plan.upstream):
        total = UpstreamCounts()
        for u in upstream:
            total.include(own[u])
        if not any(core.plan.tasks[u].is_expanded for u in upstream):
            away = core.absent.intersection(upstream)
            total.total += len(away)
            total.setup_total += sum(core.plan.tasks[u].is_setup for u in away)
        assert total == core.up[i], f"upstream counts of {core.plan.tasks[i].task_id} drifted"


def _check_run(core: RunCore) -> None:
    if core.state is DagRunState.RUNNING:
        assert core.n_unfinished, "all is done and the run goes on"
        assert core.start_date is not None, "it runs without a start"
    elif core.state is not DagRunState.QUEUED:
        assert core.end_date is not None, "it ended at no time"
    may_lag = core.pace is not None and core.state is DagRunState.RUNNING
    assert may_lag or not core._dirty_heap, "touched instances were not looked at"
    assert core.missing is None or core.state is DagRunState.QUEUED, "a part of it was never made"
