"""``airflow.models.taskmixin``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.node import DAGNode, DependencyMixin

__all__ = ["DAGNode", "DependencyMixin"]
