"""``airflow.sdk.definitions._internal.node``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.key import validate_group_key, validate_key
from slipstream.sdk.node import DAGNode

__all__ = ["DAGNode", "validate_group_key", "validate_key"]
