"""``airflow.models.operator``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.operator import BaseOperator
from slipstream.sdk.operator import BaseOperator as Operator

__all__ = ["BaseOperator", "Operator"]
