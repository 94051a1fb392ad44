"""``airflow.sdk.bases.operator``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.dependency import chain, chain_linear, cross_downstream
from slipstream.sdk.operator import (
    DB_SAFE_MAXIMUM,
    DB_SAFE_MINIMUM,
    DEFAULT_OWNER,
    DEFAULT_POOL_SLOTS,
    DEFAULT_PRIORITY_WEIGHT,
    DEFAULT_QUEUE,
    DEFAULT_RETRIES,
    DEFAULT_RETRY_DELAY,
    DEFAULT_TRIGGER_RULE,
    DEFAULT_WEIGHT_RULE,
    BaseAsyncOperator,
    BaseOperator,
)

__all__ = [
    "BaseAsyncOperator",
    "BaseOperator",
    "DB_SAFE_MAXIMUM",
    "DB_SAFE_MINIMUM",
    "DEFAULT_OWNER",
    "DEFAULT_POOL_SLOTS",
    "DEFAULT_PRIORITY_WEIGHT",
    "DEFAULT_QUEUE",
    "DEFAULT_RETRIES",
    "DEFAULT_RETRY_DELAY",
    "DEFAULT_TRIGGER_RULE",
    "DEFAULT_WEIGHT_RULE",
    "chain",
    "chain_linear",
    "cross_downstream",
]
