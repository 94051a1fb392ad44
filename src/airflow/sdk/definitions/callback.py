"""``airflow.sdk.definitions.callback``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.deadline import AsyncCallback, Callback, SyncCallback

__all__ = ["AsyncCallback", "Callback", "SyncCallback"]
