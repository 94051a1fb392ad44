"""``airflow.providers.standard.decorators.external_python``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.standard.venv_decorator import external_python_task

__all__ = ["external_python_task"]
