"""``airflow.utils.file``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.compat.file import (
    correct_maybe_zipped,
    get_unique_dag_module_name,
    might_contain_dag,
    might_contain_dag_via_default_heuristic,
    open_maybe_zipped,
)

__all__ = [
    "correct_maybe_zipped",
    "get_unique_dag_module_name",
    "might_contain_dag",
    "might_contain_dag_via_default_heuristic",
    "open_maybe_zipped",
]
