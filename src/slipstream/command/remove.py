"""Delete a run, some of its task instances, or a DAG, with all that belongs to it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from slipstream.clock import Clock
from slipstream.command.deliver import WAIT_S, deliver
from slipstream.command.order import Order, delete_order
from slipstream.command.scope import the_run
from slipstream.machine.event import TIKey
from slipstream.store import Connection, Store, dag, inbox


def delete_run(
    store: Store,
    clock: Clock,
    *,
    dag_id: str,
    run_id: str,
    by: str = "",
    wait_s: float = WAIT_S,
) -> None:
    """Delete a run; processes that still run for it are ended. Raises NotFound."""

    def compose(conn: Connection) -> tuple[None, list[Order]]:
        row = the_run(conn, dag_id, run_id)
        return None, [Order("delete_run", dag_id, row.id, {"by": by})]

    deliver(store, clock, compose, wait_s=wait_s)


def delete_task_instances(
    store: Store,
    clock: Clock,
    *,
    dag_id: str,
    run_id: str,
    keys: Sequence[TIKey],
    by: str = "",
    wait_s: float = WAIT_S,
) -> None:
    """Delete task instances of a run with their tries and XComs; raises NotFound without the run.

    Their processes are ended. A run that is not over begins them anew.
    """

    def compose(conn: Connection) -> tuple[None, list[Order]]:
        row = the_run(conn, dag_id, run_id)
        return None, [delete_order(dag_id, row.id, keys, by=by)]

    deliver(store, clock, compose, wait_s=wait_s)


def delete_dag(conn: Connection, dag_id: str, now: datetime) -> int:
    """Delete a DAG with its history, and ask for its file to be read again; return how many rows.

    A part of the caller's transaction: wake ``scheduler`` and ``dag_processor`` after it. The
    file, if it is still there, brings the DAG back.
    """
    row = dag.get(conn, dag_id)
    n_rows = dag.delete(conn, dag_id)
    inbox.post(conn, target="scheduler", kind="dag_changed", dag_id=dag_id, now=now)
    if row is not None:
        file = {"bundle_name": row.bundle_name, "relative_fileloc": row.relative_fileloc}
        inbox.post(conn, target="dag_processor", kind="reparse", payload=file, now=now)
    return n_rows
