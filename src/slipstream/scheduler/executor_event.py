"""From executors' events to machine events."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING

from slipstream.executors.base import (
    AttemptFinished,
    AttemptHandedBack,
    AttemptLost,
    AttemptRefused,
    AttemptStarted,
    CallbackDone,
    ExecutorEvent,
)
from slipstream.machine.event import Finished, HandedBack, Started
from slipstream.scheduler import callback, reconcile
from slipstream.state import TaskInstanceState

if TYPE_CHECKING:
    from slipstream.scheduler.turn import Turn

log = logging.getLogger(__name__)


def apply_all(turn: Turn, events: Iterable[ExecutorEvent]) -> None:
    """Apply events in order. One about an attempt that is over or unknown changes nothing."""
    lost: dict[str, str] = {}
    refused: dict[str, str] = {}
    for event in events:
        if isinstance(event, CallbackDone):
            callback.done(turn, event)
        elif isinstance(event, AttemptLost):
            if not callback.lost(turn, event.attempt_id):
                lost[event.attempt_id] = event.reason
        elif isinstance(event, AttemptRefused):
            refused[event.attempt_id] = event.reason
        elif isinstance(event, AttemptStarted | AttemptFinished | AttemptHandedBack):
            _apply(turn, event)
    if lost:
        reconcile.host_died(turn, lost)
    if refused:
        reconcile.refused(turn, refused)


def _apply(turn: Turn, event: AttemptStarted | AttemptFinished | AttemptHandedBack) -> None:
    attempt_id = (
        event.outcome.attempt_id if isinstance(event, AttemptFinished) else event.attempt_id
    )
    found = turn.world.book.owner_of(attempt_id)
    if found is None:
        return
    run_, key = found
    match event:
        case AttemptStarted():
            ti = run_.machine.tis.get(key)
            if ti is not None and ti.state is TaskInstanceState.QUEUED:
                started = Started(key, attempt_id, event.started_at, event.hostname, event.pid)
                turn.step(run_, started)
        case AttemptFinished():
            turn.step(run_, Finished(key, event.outcome))
        case AttemptHandedBack():
            turn.step(run_, HandedBack(key, attempt_id))
