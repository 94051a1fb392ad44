"""``airflow.sdk.execution_time.task_runner``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.runtime import RuntimeTaskInstance

__all__ = ["RuntimeTaskInstance"]
