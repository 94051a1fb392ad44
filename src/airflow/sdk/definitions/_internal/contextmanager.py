"""``airflow.sdk.definitions._internal.contextmanager``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.dagcontext import DagContext, TaskGroupContext

__all__ = ["DagContext", "TaskGroupContext"]
