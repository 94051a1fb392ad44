"""``airflow.sdk._shared.module_loading``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.module_loading import import_string, is_valid_dotpath, iter_namespace, qualname

__all__ = ["import_string", "is_valid_dotpath", "iter_namespace", "qualname"]
