"""``airflow.sdk.definitions.deadline``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.deadline import (
    AsyncCallback,
    BaseDeadlineReference,
    Callback,
    DeadlineAlert,
    DeadlineReference,
    SyncCallback,
    deadline_reference,
)

__all__ = [
    "AsyncCallback",
    "BaseDeadlineReference",
    "Callback",
    "DeadlineAlert",
    "DeadlineReference",
    "SyncCallback",
    "deadline_reference",
]
