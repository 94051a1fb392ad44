"""``airflow.task.priority_strategy``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.weight import PriorityWeightStrategy

__all__ = ["PriorityWeightStrategy"]
