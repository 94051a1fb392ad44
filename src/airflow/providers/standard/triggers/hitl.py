"""``airflow.providers.standard.triggers.hitl``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.standard.hitl import HITLTrigger

__all__ = ["HITLTrigger"]
