"""``airflow.providers.standard.triggers.temporal``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.standard.trigger import DateTimeTrigger, TimeDeltaTrigger

__all__ = ["DateTimeTrigger", "TimeDeltaTrigger"]
