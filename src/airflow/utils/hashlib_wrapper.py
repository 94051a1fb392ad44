"""``airflow.utils.hashlib_wrapper``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.compat.system import md5

__all__ = ["md5"]
