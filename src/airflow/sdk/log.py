"""``airflow.sdk.log``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.mask import mask_secret, redact

__all__ = ["mask_secret", "redact"]
