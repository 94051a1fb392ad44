"""``airflow.sdk.definitions.dag``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.dag import DAG, dag
from slipstream.sdk.param import DagParam

__all__ = ["DAG", "DagParam", "dag"]
