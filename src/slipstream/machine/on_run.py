"""Handlers for what happens to the run as a whole: start, timeout, past, a new plan."""

from __future__ import annotations

from datetime import datetime

from slipstream.errors import InvalidTransition
from slipstream.machine.core import RunCore
from slipstream.machine.decision import Decision
from slipstream.machine.event import Continued, PastChanged, RunStarted, RunTimedOut
from slipstream.machine.on_attempt import stop
from slipstream.machine.verdict import end_run
from slipstream.state import TERMINAL_STATES, DagRunState
from slipstream.state import TaskInstanceState as S


def run_started(core: RunCore, e: RunStarted, now: datetime, d: Decision) -> None:
    """Begin the run: everything that can move is looked at."""
    if core.state is not DagRunState.QUEUED:
        raise InvalidTransition(
            f"run {core.facts.run_id} of {core.plan.dag_id} is {core.state}: it cannot start"
        )
    core.put_run(DagRunState.RUNNING, d, start_date=now, end_date=None)
    core.tell_run("run_started", DagRunState.QUEUED, d)
    core.touch_all()


def continued(core: RunCore, e: Continued, now: datetime, d: Decision) -> None:
    """Do nothing but what every step ends with: look at what is touched."""


def run_timed_out(core: RunCore, e: RunTimedOut, now: datetime, d: Decision) -> None:
    """Fail the run; as Airflow 3, all that is unfinished is skipped, running ones included."""
    if core.state is not DagRunState.RUNNING:
        d.refused = f"the run is {core.state}: its timeout has no effect"
        return
    for ti in list(core.tis.values()):
        if ti.state not in TERMINAL_STATES:
            stop(core, ti, S.SKIPPED, now, d, "run_timed_out", "the run passed dagrun_timeout")
    end_run(core, DagRunState.FAILED, now, d, "timed_out")


def past_changed(core: RunCore, e: PastChanged, now: datetime, d: Decision) -> None:
    """Note whether a task's past allows it to run."""
    i = core.plan.index.get(e.task_id)
    if i is None:
        return
    if e.satisfied:
        core.past_satisfied.add(e.task_id)
        core.touch(i)
    else:
        core.past_satisfied.discard(e.task_id)
