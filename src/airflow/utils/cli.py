"""``airflow.utils.cli``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.compat.decorator import suppress_logs_and_warning

__all__ = ["suppress_logs_and_warning"]
