"""``airflow.task.trigger_rule``: names only; what they are is in ``slipstream``."""

from slipstream.state import TriggerRule

__all__ = ["TriggerRule"]
