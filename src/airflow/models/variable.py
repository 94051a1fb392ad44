"""``airflow.models.variable``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.variable import Variable

__all__ = ["Variable"]
