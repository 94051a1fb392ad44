"""``airflow.providers.standard.operators.weekday``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.standard.weekday import BranchDayOfWeekOperator

__all__ = ["BranchDayOfWeekOperator"]
