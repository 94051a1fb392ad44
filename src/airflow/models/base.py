"""``airflow.models.base``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.compat.orm import ID_LEN, Base

__all__ = ["Base", "ID_LEN"]
