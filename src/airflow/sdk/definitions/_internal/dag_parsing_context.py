"""``airflow.sdk.definitions._internal.dag_parsing_context``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.parsing import (
    ParsingContext as AirflowParsingContext,
)
from slipstream.sdk.parsing import (
    get_parsing_context,
)
from slipstream.sdk.parsing import (
    parsing_for as _airflow_parsing_context_manager,
)

__all__ = ["AirflowParsingContext", "_airflow_parsing_context_manager", "get_parsing_context"]
