"""``airflow.providers.standard.operators.hitl``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.standard.hitl import (
    ApprovalOperator,
    HITLBranchOperator,
    HITLEntryOperator,
    HITLOperator,
)

__all__ = ["ApprovalOperator", "HITLBranchOperator", "HITLEntryOperator", "HITLOperator"]
