"""``airflow.listeners.listener``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.listener import get_listener_manager

__all__ = ["get_listener_manager"]
