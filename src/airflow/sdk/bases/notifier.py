"""``airflow.sdk.bases.notifier``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.notifier import BaseNotifier

__all__ = ["BaseNotifier"]
