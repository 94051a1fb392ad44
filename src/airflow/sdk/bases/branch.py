"""``airflow.sdk.bases.branch``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.branch import BaseBranchOperator, BranchMixIn

__all__ = ["BaseBranchOperator", "BranchMixIn"]
