"""``airflow.providers.standard.decorators.python``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.standard.python_decorator import _PythonDecoratedOperator, python_task

__all__ = ["_PythonDecoratedOperator", "python_task"]
