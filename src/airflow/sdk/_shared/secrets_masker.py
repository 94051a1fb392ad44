"""``airflow.sdk._shared.secrets_masker``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.mask import SecretsMasker, mask_secret, redact

__all__ = ["SecretsMasker", "mask_secret", "redact"]
