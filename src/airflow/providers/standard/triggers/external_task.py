"""``airflow.providers.standard.triggers.external_task``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.standard.trigger import DagStateTrigger, WorkflowTrigger

__all__ = ["DagStateTrigger", "WorkflowTrigger"]
