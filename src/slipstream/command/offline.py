"""Carry out an order in place, for when no scheduler is alive to do it.

The same machine decides, the same ``store.decision`` writes. Processes that should end (a cleared
task that still runs under an orphaned worker host) are cancelled by the next scheduler, when it
finds attempts that are no longer their task instance's current one.
"""

from __future__ import annotations

from datetime import datetime

from slipstream.command.order import Order, event_of
from slipstream.command.restore import restore
from slipstream.machine.event import Deleted
from slipstream.state import DagRunState
from slipstream.store import Connection, decision, run, task_instance


def apply(conn: Connection, order: Order, now: datetime) -> None:
    """Apply one order inside the caller's transaction; an order about no run changes nothing."""
    if order.dag_run_pk is None:
        return
    if order.kind == "delete_run":
        run.delete(conn, order.dag_run_pk)
        return
    event = event_of(order.kind, order.payload)
    row = run.get_by_pk(conn, order.dag_run_pk)
    if event is None or row is None:
        return
    if isinstance(event, Deleted) and row.state != DagRunState.RUNNING:
        # Whoever loads the run to go on with it makes what is missing.
        task_instance.delete(conn, row.id, event.keys)
        return
    machine, reconciled = restore(conn, row, now)
    decided = machine.on(event, now)
    decision.save(conn, [(row.id, reconciled), (row.id, decided)], [], now)
