"""``airflow.providers.standard.decorators.python_virtualenv``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.standard.venv_decorator import virtualenv_task

__all__ = ["virtualenv_task"]
