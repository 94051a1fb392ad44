"""``airflow.sdk.io``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.object_storage import ObjectStoragePath, attach, get_fs

__all__ = ["ObjectStoragePath", "attach", "get_fs"]
