"""``airflow.utils.helpers``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.compat.text import (
    at_most_one,
    build_airflow_dagrun_url,
    chain,
    chunks,
    convert_camel_to_snake,
    cross_downstream,
    exactly_one,
    is_container,
    merge_dicts,
    prune_dict,
    validate_group_key,
    validate_key,
)

__all__ = [
    "at_most_one",
    "build_airflow_dagrun_url",
    "chain",
    "chunks",
    "convert_camel_to_snake",
    "cross_downstream",
    "exactly_one",
    "is_container",
    "merge_dicts",
    "prune_dict",
    "validate_group_key",
    "validate_key",
]
