"""Write a turn's batch in one transaction, and then do what had to wait for its commit."""

from __future__ import annotations

import logging
from collections import defaultdict
from typing import TYPE_CHECKING

from slipstream.attempt import Workload
from slipstream.errors import StoreUnavailable
from slipstream.scheduler.batch import Batch
from slipstream.scheduler.lease import LeaseLost
from slipstream.state import DagRunState

if TYPE_CHECKING:
    from slipstream.scheduler.turn import Turn

log = logging.getLogger(__name__)


def commit(turn: Turn) -> bool:
    """Write the batch, if there is anything in it, and carry out what follows.

    Raises StoreUnavailable or LeaseLost; memory is then ahead of the database, to be read anew.
    """
    batch, world = turn.batch, turn.world
    wrote = bool(batch)
    if wrote:
        try:
            world.write(batch.write, turn.now)
        except (StoreUnavailable, LeaseLost):
            raise
        except Exception:
            log.exception("a turn's transaction failed; its runs are written one by one")
            _write_apart(turn)
    if any(d.callbacks for d in batch.decisions.values()):
        world.callbacks_due = True
    _evict(turn)
    _hand_out(turn)
    for target in batch.wake:
        world.store.wake(target)
    return wrote


def _write_apart(turn: Turn) -> None:
    """Find the run that the database refuses, set it aside, and write the rest."""
    batch, world = turn.batch, turn.world
    for pk, decided in list(batch.decisions.items()):
        part = Batch(
            decisions={pk: decided}, attempts=[a for a in batch.attempts if a.dag_run_id == pk]
        )
        try:
            world.write(part.write, turn.now)
        except (StoreUnavailable, LeaseLost):
            raise
        except Exception as error:
            active = world.book.active.get(pk)
            batch.workloads = [w for w in batch.workloads if w.dag_run_pk != pk]
            if active is None:
                log.error("run %d: what was decided cannot be written: %s", pk, error)
                continue
            aside = turn.__class__(world)
            aside.quarantine(active.row, error)
            batch.cancel.update(aside.batch.cancel)
            world.write(aside.batch.write, turn.now)
    for statement in batch.also:
        try:
            world.write(statement)
        except (StoreUnavailable, LeaseLost):
            raise
        except Exception:
            log.exception("a statement of the turn is given up")
    world.write(Batch(inbox=batch.inbox).write, turn.now)


def _evict(turn: Turn) -> None:
    book = turn.world.book
    for pk in turn.batch.evict:
        active = book.active.get(pk)
        if active is None or active.machine.state is DagRunState.RUNNING:
            continue
        turn.forget(pk)
        if active.machine.state is DagRunState.QUEUED:
            book.add_waiting(active.row)


def _hand_out(turn: Turn) -> None:
    batch, executors = turn.batch, turn.world.executors
    if batch.cancel:
        for executor in executors.values():
            executor.cancel(batch.cancel)
    if not batch.workloads:
        return
    default = next(iter(executors))
    by_executor: dict[str, list[Workload]] = defaultdict(list)
    for workload in batch.workloads:
        if workload.attempt_id not in batch.cancel:
            # One that was admitted under another configuration may name an executor of that time.
            name = workload.executor if workload.executor in executors else default
            by_executor[name or default].append(workload)
    for name, workloads in by_executor.items():
        turn.world.signs.sign(name, workloads, turn.now)
        executors[name].submit(workloads)
