"""``airflow.sdk.definitions.decorators.task_group``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.taskgroup_decorator import task_group

__all__ = ["task_group"]
