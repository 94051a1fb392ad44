"""``airflow.utils.strings``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.compat.text import get_random_string, to_boolean

__all__ = ["get_random_string", "to_boolean"]
