"""Pause and unpause DAGs."""

from __future__ import annotations

from slipstream.clock import Clock
from slipstream.command.deliver import WAIT_S, deliver
from slipstream.command.order import Order
from slipstream.errors import NotFound
from slipstream.store import Connection, Store, dag
from slipstream.store.row import DagRow


def set_paused(
    store: Store, clock: Clock, *, dag_id: str, paused: bool, wait_s: float = WAIT_S
) -> DagRow:
    """Pause or unpause a DAG and return its row. Raises NotFound."""

    def compose(conn: Connection) -> tuple[DagRow, list[Order]]:
        if dag.get(conn, dag_id) is None:
            raise NotFound(f"DAG {dag_id!r} does not exist.")
        dag.set_paused(conn, dag_id, paused)
        row = dag.get(conn, dag_id)
        assert row is not None
        return row, [Order("dag_changed", dag_id)]

    return deliver(store, clock, compose, wait_s=wait_s)
