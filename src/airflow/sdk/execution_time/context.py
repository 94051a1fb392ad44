"""``airflow.sdk.execution_time.context``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.accessor import ConnectionAccessor, VariableAccessor
from slipstream.sdk.asset_event import (
    InletEvents as InletEventsAccessors,
)
from slipstream.sdk.asset_event import (
    OutletEvents as OutletEventAccessors,
)
from slipstream.sdk.context import (
    AIRFLOW_VAR_NAME_FORMAT_MAPPING,
    context_get_outlet_events,
    context_to_airflow_vars,
    get_current_context,
    set_current_context,
)
from slipstream.sdk.state_store import NEVER_EXPIRE

__all__ = [
    "AIRFLOW_VAR_NAME_FORMAT_MAPPING",
    "ConnectionAccessor",
    "InletEventsAccessors",
    "NEVER_EXPIRE",
    "OutletEventAccessors",
    "VariableAccessor",
    "context_get_outlet_events",
    "context_to_airflow_vars",
    "get_current_context",
    "set_current_context",
]
