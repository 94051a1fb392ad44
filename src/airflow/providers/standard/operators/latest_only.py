"""``airflow.providers.standard.operators.latest_only``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.standard.latest_only import LatestOnlyOperator

__all__ = ["LatestOnlyOperator"]
