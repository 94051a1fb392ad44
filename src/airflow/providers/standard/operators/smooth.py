"""``airflow.providers.standard.operators.smooth``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.standard.smooth import SmoothOperator

__all__ = ["SmoothOperator"]
