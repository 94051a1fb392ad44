"""``airflow.stats``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.stats import Stats

__all__ = ["Stats"]
