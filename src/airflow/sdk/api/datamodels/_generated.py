"""``airflow.sdk.api.datamodels._generated``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.dagrun import DagRun
from slipstream.state import DagRunState, DagRunType, TaskInstanceState, TriggerRule, WeightRule

__all__ = ["DagRun", "DagRunState", "DagRunType", "TaskInstanceState", "TriggerRule", "WeightRule"]
