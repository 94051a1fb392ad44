"""What people ask of the engine: trigger, clear, mark, delete, pause, explain.

The API, the CLI and task processes (``TriggerDagRunOperator``) call these functions and hold no
such logic of their own. Each change is one transaction: the change itself, or a message to the
scheduler's inbox that asks for it, and then a short wait until the scheduler has carried it out,
so that the caller reads what it wrote. With no scheduler alive, the change is applied in place.

Owns no rule of scheduling: what a clear or a mark does to a run is decided in ``machine``.

Each function's module is imported when the function is first asked for: a command line that
pauses a DAG should not pay for what explains a task. So no module may have a function's name.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slipstream.command.clearing import clear
    from slipstream.command.default_connection import create_default_connections
    from slipstream.command.explaining import explain
    from slipstream.command.mark import mark_run, mark_task
    from slipstream.command.pause import set_paused
    from slipstream.command.remove import delete_dag, delete_run, delete_task_instances
    from slipstream.command.trigger import trigger_run

__all__ = [
    "clear",
    "create_default_connections",
    "delete_dag",
    "delete_run",
    "delete_task_instances",
    "explain",
    "mark_run",
    "mark_task",
    "set_paused",
    "trigger_run",
]

_MODULE_OF = {
    "clear": "clearing",
    "create_default_connections": "default_connection",
    "delete_dag": "remove",
    "delete_run": "remove",
    "delete_task_instances": "remove",
    "explain": "explaining",
    "mark_run": "mark",
    "mark_task": "mark",
    "set_paused": "pause",
    "trigger_run": "trigger",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    globals()[name] = found
    return found
