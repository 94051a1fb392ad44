"""``airflow.utils.types``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.types import NOTSET, ArgNotSet
from slipstream.state import DagRunTriggeredByType, DagRunType

__all__ = ["ArgNotSet", "DagRunTriggeredByType", "DagRunType", "NOTSET"]
