"""``airflow.sdk.definitions._internal.types``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.types import NOTSET, SET_DURING_EXECUTION, ArgNotSet, is_arg_set

__all__ = ["ArgNotSet", "NOTSET", "SET_DURING_EXECUTION", "is_arg_set"]
