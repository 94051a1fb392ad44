"""What people ask of the engine: trigger, clear, mark, delete, pause, explain.

The API, the CLI and task processes (``TriggerDagRunOperator``) call these functions and hold no
such logic of their own. Each change is one transaction: the change itself, or a message to the
scheduler's inbox that asks for it, and then a short wait until the scheduler has carried it out,
so that the caller reads what it wrote. With no scheduler alive, the change is applied in place.

Owns no rule of scheduling: what a clear or a mark does to a run is decided in ``machine``.
"""

from slipstream.command.clear import clear
from slipstream.command.default_connection import create_default_connections
from slipstream.command.explain import explain
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
