"""``airflow.models.log``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.compat.orm import Log

__all__ = ["Log"]
