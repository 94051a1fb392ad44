"""``airflow.executors.local_executor``: names only; what they are is in ``slipstream``."""

from slipstream.executors.local import LocalExecutor

__all__ = [
    "LocalExecutor",
]
