"""``airflow.models.pool``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.compat.orm import Pool

__all__ = ["Pool"]
