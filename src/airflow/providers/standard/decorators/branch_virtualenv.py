"""``airflow.providers.standard.decorators.branch_virtualenv``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.standard.venv_decorator import branch_virtualenv_task

__all__ = ["branch_virtualenv_task"]
