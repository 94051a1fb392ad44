"""What the audit log keeps of task instances that a request changes: their states, by their names."""

from __future__ import annotations

from collections.abc import Sequence

from slipstream.api.call import Call
from slipstream.store import run
from slipstream.store.row import TaskInstanceRow

MAX_TOLD = 50
_MORE = "…"


def states(
    call: Call, rows: Sequence[TaskInstanceRow], run_id: str | None
) -> dict[str, str | None]:
    """Return the states of task instances; of many, those of the first, and how many more there are.

    Those of the run ``run_id`` are called by task and map index, those of others by their run, too.
    """
    some = rows[:MAX_TOLD]
    with call.store.read() as conn:
        runs = run.get_many(conn, {row.dag_run_id for row in some})
    found: dict[str, str | None] = {}
    for row in some:
        name, of_run = f"{row.task_id}[{row.map_index}]", runs.get(row.dag_run_id)
        if of_run is not None and of_run.run_id != run_id:
            name = f"{of_run.run_id} {name}"
        found[name] = row.state
    if len(rows) > MAX_TOLD:
        found[_MORE] = f"{len(rows) - MAX_TOLD} more"
    return found


def marked(before: dict[str, str | None], state: str) -> dict[str, str | None]:
    """Return what ``before`` (of ``states``) becomes when all of it is set to a state."""
    return {name: was if name == _MORE else state for name, was in before.items()}
