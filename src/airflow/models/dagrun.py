"""``airflow.models.dagrun``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.compat.orm import DagRun
from slipstream.state import DagRunType

__all__ = ["DagRun", "DagRunType"]
