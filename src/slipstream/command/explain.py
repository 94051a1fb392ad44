"""Answer, from stored rows alone, why a task instance is where it is.

The reasons inside a run are the machine's; this adds those around it: no scheduler, a paused DAG,
a run that was set aside or waits for its turn.
"""

from __future__ import annotations

from slipstream.clock import Clock
from slipstream.command.restore import restore
from slipstream.command.scope import the_run
from slipstream.errors import NotFound
from slipstream.machine.event import TIKey
from slipstream.machine.explain import Explanation
from slipstream.store import Store


def explain(
    store: Store,
    clock: Clock,
    *,
    dag_id: str,
    run_id: str,
    task_id: str,
    map_index: int = -1,
) -> Explanation:
    """Return in words and data what a task instance waits for, or how it ended. Raises NotFound."""
    now = clock.now()
    with store.read() as conn:
        row = the_run(conn, dag_id, run_id)
        machine, _ = restore(conn, row, now)
        key = TIKey(task_id, map_index)
        if key not in machine.tis:
            raise NotFound(f"Task {task_id!r} has no instance {map_index} in run {run_id!r}.")
        return machine.explain(key, now, None)
