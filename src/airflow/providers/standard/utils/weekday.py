"""``airflow.providers.standard.utils.weekday``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.standard.weekday import WeekDay

__all__ = ["WeekDay"]
