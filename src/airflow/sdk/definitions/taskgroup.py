"""``airflow.sdk.definitions.taskgroup``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.taskgroup import TaskGroup

__all__ = ["TaskGroup"]
