"""``airflow.models.taskinstance``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.compat.orm import SimpleTaskInstance, TaskInstance, clear_task_instances
from slipstream.sdk.context import Context, set_current_context
from slipstream.sdk.types import TaskInstanceKey

__all__ = [
    "Context",
    "SimpleTaskInstance",
    "TaskInstance",
    "TaskInstanceKey",
    "clear_task_instances",
    "set_current_context",
]
