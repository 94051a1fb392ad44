"""Queued runs start in order, as ``max_active_runs`` allows; and what a run's end sets free.

A large run moves over several turns.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import TYPE_CHECKING

from slipstream.machine.event import Continued, RunStarted
from slipstream.scheduler.book import Lane
from slipstream.scheduler.share import Share
from slipstream.scheduler.timers import RunAfter
from slipstream.state import DagRunState
from slipstream.store import Connection, backfill, dag, inbox, run
from slipstream.store.row import RunRow

if TYPE_CHECKING:
    from slipstream.scheduler.turn import Turn

log = logging.getLogger(__name__)

_LARGE = 2000
"""Task instances; a run with more is loaded in one turn and started in the next."""


def go_on(turn: Turn) -> None:
    """Move the rest of what earlier turns left of large runs: at least one, and a turn's share."""
    world = turn.world
    if not world.unsettled:
        return
    share = Share(world.settings.share_s)
    for pk in list(world.unsettled):
        run_ = world.book.active.get(pk)
        if run_ is not None:  # else a step of another run has set it aside
            turn.step(run_, Continued())
        if share.is_over:
            break


def start_queued(turn: Turn) -> bool:
    """Start runs whose turn it is; True when a turn's share was used up and more may start."""
    book = turn.world.book
    if not book.touched:
        return False
    left = turn.world.settings.runs_per_turn
    share = Share(turn.world.settings.share_s)
    for lane in list(book.touched):
        left = _start_lane(turn, lane, left, share)
        if left == 0:
            return True
        book.touched.discard(lane)
    return False


def _start_lane(turn: Turn, lane: Lane, left: int, share: Share) -> int:
    """Start runs of a lane; return how many more may start in this turn."""
    world = turn.world
    book = world.book
    row = world.catalog.dags.get(lane[0])
    if row is not None and row.is_paused:
        return left  # dag_changed touches the lane again
    limit, backwards = _limit(turn, lane)
    for waiting in reversed(list(book.queue(lane))) if backwards else book.queue(lane):
        if left == 0 or (limit is not None and book.n_running(lane) >= limit):
            break
        if waiting.run_after > turn.now:
            world.timers.at(waiting.run_after, RunAfter(waiting.id))
            break  # the queue is in the order of run_after
        is_new = waiting.id not in book.active
        started = turn.activate(waiting)
        if started is not None and is_new and len(started.machine.tis) > _LARGE:
            return 0  # loading it was a turn's share; it starts in the next one
        if started is not None and started.machine.has_more:
            break  # go_on makes its instances; those after it in the lane wait
        book.take_from_queue(waiting.id)
        if started is not None:
            turn.step(started, RunStarted())
            left -= 1
        if share.is_over:
            return 0
    return left


def _limit(turn: Turn, lane: Lane) -> tuple[int | None, bool]:
    """Return how many runs of the lane may run, None for any, and whether the newest start first."""
    dag_id, backfill_id = lane
    if backfill_id is not None:
        found = backfill.get(turn.conn, backfill_id)
        if found is None:
            return None, False
        return 0 if found.is_paused else found.max_active_runs, found.runs_backwards
    row = turn.world.catalog.dags.get(dag_id)
    return (row.max_active_runs if row is not None else None), False


def settle_finished(turn: Turn) -> None:
    """See to what the end of runs sets free or calls for."""
    world = turn.world
    for row in world.finished:
        if row.backfill_id is not None:
            turn.batch.also.append(_CompleteBackfill(row.backfill_id, turn.now))
        dag_row = world.catalog.dags.get(row.dag_id)
        if dag_row is None:
            continue
        world.catalog.put([dag_row])
        if row.state == DagRunState.FAILED and dag_row.max_consecutive_failed_dag_runs > 0:
            turn.batch.also.append(
                _PauseAfterFailures(row, dag_row.max_consecutive_failed_dag_runs, turn)
            )
    world.finished.clear()


class _CompleteBackfill:
    """A statement of the turn's transaction: a backfill ends with the last of its runs."""

    def __init__(self, backfill_id: int, now: datetime) -> None:
        self._id = backfill_id
        self._now = now

    def __call__(self, conn: Connection) -> None:
        left = backfill.count_runs(conn, self._id)
        if not left.get(DagRunState.QUEUED) and not left.get(DagRunState.RUNNING):
            backfill.complete(conn, self._id, self._now)


class _PauseAfterFailures:
    """A statement of the turn's transaction: pause the DAG when its last n runs all failed."""

    def __init__(self, row: RunRow, n: int, turn: Turn) -> None:
        self._row = row
        self._n = n
        self._now = turn.now

    def __call__(self, conn: Connection) -> None:
        dag_id = self._row.dag_id
        states = run.latest_states(conn, dag_id, self._n)
        if len(states) < self._n or any(state != DagRunState.FAILED for state in states):
            return
        log.warning("DAG %s is paused: its last %d runs failed", dag_id, self._n)
        dag.set_paused(conn, dag_id, True)
        inbox.post(
            conn, target="scheduler", kind="dag_changed", payload={}, dag_id=dag_id, now=self._now
        )
