"""``airflow.models.connection``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.connection import Connection

__all__ = ["Connection"]
