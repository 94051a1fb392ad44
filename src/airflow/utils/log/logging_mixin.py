"""``airflow.utils.log.logging_mixin``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.log import LoggingMixin, remove_escape_codes

__all__ = ["LoggingMixin", "remove_escape_codes"]
