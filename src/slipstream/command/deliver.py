"""Bring orders to the scheduler and wait until they are carried out, or do without one.

The decision "is a scheduler alive?" is taken inside the transaction that posts or applies, so an
order is never applied in place behind the back of a scheduler that holds the run in memory.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from slipstream.clock import Clock
from slipstream.command.order import SCHEDULER, Order
from slipstream.config import conf
from slipstream.store import Connection, Store, inbox, job

T = TypeVar("T")

WAIT_S = 2.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.002, 0.05


def scheduler_alive(conn: Connection, now: datetime) -> bool:
    """Say whether a scheduler's heartbeat is recent enough to count on it."""
    lapse = conf.getfloat("scheduler", "scheduler_health_check_threshold", fallback=30.0)
    return bool(job.list_alive(conn, "SchedulerJob", since=now - timedelta(seconds=lapse)))


def deliver(
    store: Store,
    clock: Clock,
    compose: Callable[[Connection], tuple[T, Sequence[Order]]],
    *,
    wait_s: float = WAIT_S,
) -> T:
    """Run ``compose`` in one transaction, see to the orders it returns, and return its result.

    Waits at most ``wait_s`` seconds for the scheduler; the orders are safe either way.
    """
    result, ids, dag_ids = store.write(_post_or_apply, clock.now(), compose)
    if ids:
        store.wake(SCHEDULER, dag_ids)
        _wait_until_taken(store, ids, wait_s)
    return result


def _post_or_apply(
    conn: Connection,
    now: datetime,
    compose: Callable[[Connection], tuple[T, Sequence[Order]]],
) -> tuple[T, list[int], set[str]]:
    """Return ``compose``'s result, the messages that were posted, and the DAGs they are about."""
    result, orders = compose(conn)
    if not orders:
        return result, [], set()
    if not scheduler_alive(conn, now):
        from slipstream.command.offline import apply  # the whole engine, and rarely needed

        for order in orders:
            apply(conn, order, now)
        return result, [], set()
    ids = [
        inbox.post(
            conn,
            target=SCHEDULER,
            kind=order.kind,
            payload=order.payload,
            dag_id=order.dag_id,
            dag_run_pk=order.dag_run_pk,
            now=now,
        )
        for order in orders
    ]
    return result, ids, {order.dag_id for order in orders}


def _wait_until_taken(store: Store, ids: Sequence[int], wait_s: float) -> None:
    # Real time on purpose: the wait is for another process, whatever clock the caller injects.
    deadline = time.monotonic() + wait_s
    pause = _FIRST_PAUSE_S
    while time.monotonic() < deadline:
        with store.read() as conn:
            if not inbox.pending(conn, ids):
                return
        time.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE_S)
