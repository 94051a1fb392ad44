"""``airflow.secrets.base_secrets``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.secrets import BaseSecretsBackend

__all__ = ["BaseSecretsBackend"]
