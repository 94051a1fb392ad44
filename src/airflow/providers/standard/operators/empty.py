"""``airflow.providers.standard.operators.empty``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.standard.empty import EmptyOperator

__all__ = ["EmptyOperator"]
