"""``airflow.models.dag``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.compat.orm import DagModel, DagTag
from slipstream.sdk.dag import DAG, dag
from slipstream.sdk.dagcontext import DagContext

__all__ = ["DAG", "DagContext", "DagModel", "DagTag", "dag"]
