"""``airflow.models.trigger``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.compat.orm import Trigger

__all__ = ["Trigger"]
