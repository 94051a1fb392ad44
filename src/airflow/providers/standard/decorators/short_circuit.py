"""``airflow.providers.standard.decorators.short_circuit``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.standard.python_decorator import short_circuit_task

__all__ = ["short_circuit_task"]
