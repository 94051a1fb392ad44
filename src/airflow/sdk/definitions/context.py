"""``airflow.sdk.definitions.context``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.context import Context, context_copy_partial, context_merge, get_current_context
from slipstream.sdk.parsing import get_parsing_context

__all__ = [
    "Context",
    "context_copy_partial",
    "context_merge",
    "get_current_context",
    "get_parsing_context",
]
