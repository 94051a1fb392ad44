"""``airflow.models.taskreschedule``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.compat.orm import TaskReschedule

__all__ = ["TaskReschedule"]
