"""``airflow.providers.standard.operators.python``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.standard.python import (
    BranchPythonOperator,
    PythonOperator,
    ShortCircuitOperator,
    get_current_context,
)

__all__ = ["BranchPythonOperator", "PythonOperator", "ShortCircuitOperator", "get_current_context"]
