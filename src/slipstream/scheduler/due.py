"""What timers are for: retries and reschedules, run timeouts, runs whose time has come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipstream.machine.event import RunTimedOut, TimerDue
from slipstream.scheduler.book import lane_of
from slipstream.scheduler.timers import RunAfter, RunTimeout, TaskDue

if TYPE_CHECKING:
    from slipstream.scheduler.turn import Turn


def fire(turn: Turn) -> None:
    """Put all timers that are due into their machines."""
    book = turn.world.book
    for what in turn.world.timers.due():
        match what:
            case TaskDue(pk, key, at):
                if (active := book.active.get(pk)) is not None:
                    # By the monotonic clock the time has come, wherever the wall clock is now.
                    turn.step(active, TimerDue(key), now=max(turn.now, at))
            case RunTimeout(pk, clear_number):
                active = book.active.get(pk)
                if active is not None and active.row.clear_number == clear_number:
                    turn.step(active, RunTimedOut())
            case RunAfter(pk):
                if (row := book.waiting.get(pk)) is not None:
                    book.touched.add(lane_of(row))
