"""``airflow.utils.code_utils``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.compat.source_code import get_python_source, prepare_code_snippet

__all__ = [
    "get_python_source",
    "prepare_code_snippet",
]
