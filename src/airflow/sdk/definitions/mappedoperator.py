"""``airflow.sdk.definitions.mappedoperator``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.mapped import MappedOperator, OperatorPartial

__all__ = ["MappedOperator", "OperatorPartial"]
