"""``airflow.policies``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.listener import hookimpl

__all__ = ["hookimpl"]
