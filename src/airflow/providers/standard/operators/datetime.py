"""``airflow.providers.standard.operators.datetime``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.standard.datetime import BranchDateTimeOperator, target_times_as_dates

__all__ = ["BranchDateTimeOperator", "target_times_as_dates"]
