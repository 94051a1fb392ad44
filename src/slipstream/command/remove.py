"""Delete a run with all that belongs to it."""

from __future__ import annotations

from slipstream.clock import Clock
from slipstream.command.deliver import WAIT_S, deliver
from slipstream.command.order import Order
from slipstream.command.scope import the_run
from slipstream.store import Connection, Store


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
