"""``airflow.sdk.definitions._internal.abstractoperator``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.exceptions import NotMapped
from slipstream.sdk.operator import (
    DEFAULT_OWNER,
    DEFAULT_POOL_SLOTS,
    DEFAULT_PRIORITY_WEIGHT,
    DEFAULT_QUEUE,
    DEFAULT_RETRIES,
    DEFAULT_RETRY_DELAY,
    DEFAULT_TRIGGER_RULE,
    DEFAULT_WEIGHT_RULE,
)
from slipstream.sdk.operator import (
    BaseOperator as AbstractOperator,
)

__all__ = [
    "AbstractOperator",
    "DEFAULT_OWNER",
    "DEFAULT_POOL_SLOTS",
    "DEFAULT_PRIORITY_WEIGHT",
    "DEFAULT_QUEUE",
    "DEFAULT_RETRIES",
    "DEFAULT_RETRY_DELAY",
    "DEFAULT_TRIGGER_RULE",
    "DEFAULT_WEIGHT_RULE",
    "NotMapped",
]
