"""``airflow.providers.standard.decorators.branch_python``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.standard.python_decorator import branch_task

__all__ = ["branch_task"]
