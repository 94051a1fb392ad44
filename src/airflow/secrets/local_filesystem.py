"""``airflow.secrets.local_filesystem``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.compat.local_secrets import LocalFilesystemBackend

__all__ = ["LocalFilesystemBackend"]
