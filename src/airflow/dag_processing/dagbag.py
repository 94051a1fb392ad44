"""``airflow.dag_processing.dagbag``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.compat.dagbag import DagBag

__all__ = ["DagBag"]
