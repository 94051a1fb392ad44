"""``airflow.sdk.bases.trigger``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.trigger import BaseEventTrigger, BaseTrigger, StartTriggerArgs, TriggerEvent

__all__ = ["BaseEventTrigger", "BaseTrigger", "StartTriggerArgs", "TriggerEvent"]
