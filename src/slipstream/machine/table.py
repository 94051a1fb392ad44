"""The transition table: which handler answers an event in which state.

The one list of what can happen to a task instance; the diagram in ``docs/state-machine.md`` is
drawn from it. A pair that is not here is a bug and raises ``InvalidTransition``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from slipstream.machine import on_attempt, on_run, on_user
from slipstream.machine.event import (
    Admitted,
    Cleared,
    Continued,
    Deleted,
    Event,
    Finished,
    HandedBack,
    HostLost,
    Marked,
    PastChanged,
    RunMarked,
    RunStarted,
    RunTimedOut,
    Started,
    TimerDue,
    TriggerFired,
)
from slipstream.state import TaskInstanceState as S

Handler = Callable[..., None]
"""``(core, ti, event, now, decision)``, or without ``ti`` for events about the run."""

ANY: tuple[S | None, ...] = (None, *S)


class Row(NamedTuple):
    """Transitions of one event: in each of ``states``, ``handler`` runs and may lead to ``to``."""

    event: type[Event]
    states: tuple[S | None, ...]
    handler: Handler
    to: tuple[S | None, ...] = ()
    note: str = ""


_ENDS = (S.SUCCESS, S.FAILED, S.SKIPPED, S.UP_FOR_RETRY, S.UP_FOR_RESCHEDULE, S.DEFERRED)

TRANSITIONS: tuple[Row, ...] = (
    Row(Admitted, (S.SCHEDULED,), on_attempt.admitted, (S.QUEUED,), "slots are free"),
    Row(Started, (S.QUEUED,), on_attempt.started, (S.RUNNING,), "a process has it"),
    Row(Finished, (S.RUNNING,), on_attempt.finished, _ENDS, "the outcome arrived"),
    # A batch may bring the end before the start, or the start may have been lost.
    Row(Finished, (S.QUEUED,), on_attempt.finished, _ENDS, "the start was never seen"),
    Row(
        HostLost,
        (S.QUEUED, S.RUNNING),
        on_attempt.host_lost,
        (S.FAILED, S.UP_FOR_RETRY),
        "host or lease gone",
    ),
    Row(HandedBack, (S.QUEUED,), on_attempt.handed_back, (S.SCHEDULED,), "never begun"),
    Row(
        Finished,
        (S.RESTARTING,),
        on_attempt.restart,
        (None,),
        "the cleared process is gone",
    ),
    Row(HostLost, (S.RESTARTING,), on_attempt.restart, (None,)),
    Row(HandedBack, (S.RESTARTING,), on_attempt.restart, (None,)),
    Row(
        TimerDue,
        (S.UP_FOR_RETRY, S.UP_FOR_RESCHEDULE),
        on_attempt.timer_due,
        (S.SCHEDULED,),
        "its time has come",
    ),
    Row(TimerDue, (S.DEFERRED,), on_attempt.deferral_over, (S.SCHEDULED,), "its timeout is over"),
    Row(
        TriggerFired,
        (S.DEFERRED,),
        on_attempt.trigger_fired,
        (S.SCHEDULED, S.SUCCESS, S.FAILED, S.SKIPPED, S.UP_FOR_RETRY),
        "the trigger fired",
    ),
)
"""Events about one task instance that move it."""

LATE: tuple[Row, ...] = tuple(
    Row(event, ANY, on_attempt.refuse)
    for event in (Started, Finished, HostLost, HandedBack, TimerDue, TriggerFired)
)
"""Messages that may come late or twice: refused in every other state, never an error."""

RUN_HANDLERS: dict[type[Event], Handler] = {
    RunStarted: on_run.run_started,
    RunTimedOut: on_run.run_timed_out,
    Continued: on_run.continued,
    PastChanged: on_run.past_changed,
    Cleared: on_user.cleared,
    Marked: on_user.marked,
    Deleted: on_user.deleted,
    RunMarked: on_user.run_marked,
}
"""Events about the run, or about several instances at once."""

SETTLED: tuple[tuple[tuple[S | None, ...], S, str], ...] = (
    (
        (None, S.UP_FOR_RETRY, S.UP_FOR_RESCHEDULE),
        S.SCHEDULED,
        "upstream, past and time allow it",
    ),
    ((None,), S.SUCCESS, "ready, and needs no process"),
    (
        (None, S.UP_FOR_RETRY, S.UP_FOR_RESCHEDULE),
        S.SKIPPED,
        "trigger rule, branch, or nothing to map over",
    ),
    ((None, S.UP_FOR_RETRY, S.UP_FOR_RESCHEDULE), S.UPSTREAM_FAILED, "trigger rule"),
    ((None, S.SUCCESS, S.FAILED, S.SKIPPED), S.REMOVED, "fewer instances are mapped now"),
)
"""Moves that follow from other instances' moves; ``readiness`` makes them, no event names them."""

USER_MOVES: tuple[tuple[str, str, str], ...] = (
    ("Cleared", "running", "restarting, and none when its process is gone"),
    ("Cleared", "queued", "none; the try it had been given does not count"),
    ("Cleared", "any other", "none; an ended run goes back to queued"),
    ("Marked", "any", "the state asked for; what failed downstream is cleared"),
    ("Deleted", "any", "none, without its tries and XComs"),
    ("RunMarked", "running, restarting, deferred, up_for_reschedule", "the run's new state"),
    ("RunMarked", "any other unfinished", "skipped; teardowns are left to run"),
    ("RunTimedOut", "any unfinished", "skipped"),
    ("fail_fast", "running, restarting, deferred, up_for_reschedule", "failed"),
    ("fail_fast", "any other unfinished", "skipped; teardowns are left to run"),
    ("PlanChanged", "any, of a task that is gone", "removed"),
    ("PlanChanged", "removed, of a task that is back", "none"),
)
"""Moves of many instances at once, in words: their handlers choose per instance."""


def build() -> dict[type[Event], dict[S | None, Handler]]:
    """Return the table as nested dicts, event first."""
    table: dict[type[Event], dict[S | None, Handler]] = {}
    for row in (*LATE, *TRANSITIONS):
        for state in row.states:
            table.setdefault(row.event, {})[state] = row.handler
    return table


TI_HANDLERS: dict[type[Any], dict[S | None, Handler]] = build()
