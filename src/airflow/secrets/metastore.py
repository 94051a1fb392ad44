"""``airflow.secrets.metastore``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.secrets import MetastoreBackend

__all__ = ["MetastoreBackend"]
