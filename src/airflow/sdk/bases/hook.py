"""``airflow.sdk.bases.hook``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.hook import BaseHook

__all__ = ["BaseHook"]
