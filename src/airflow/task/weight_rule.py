"""``airflow.task.weight_rule``: names only; what they are is in ``slipstream``."""

from slipstream.state import WeightRule

__all__ = ["WeightRule"]
