"""``airflow.sdk.io.path``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.object_storage import ObjectStoragePath

__all__ = ["ObjectStoragePath"]
