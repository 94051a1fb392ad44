"""``airflow.providers.standard.decorators.branch_external_python``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.standard.venv_decorator import branch_external_python_task

__all__ = ["branch_external_python_task"]
