"""``airflow.models.taskinstancekey``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.types import TaskInstanceKey

__all__ = ["TaskInstanceKey"]
