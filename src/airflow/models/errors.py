"""``airflow.models.errors``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.compat.orm import ParseImportError

__all__ = ["ParseImportError"]
