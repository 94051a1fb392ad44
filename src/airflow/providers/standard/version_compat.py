"""``airflow.providers.standard.version_compat``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.operator import BaseOperator
from slipstream.sdk.types import NOTSET, ArgNotSet, is_arg_set

AIRFLOW_V_3_0_PLUS = AIRFLOW_V_3_1_PLUS = AIRFLOW_V_3_1_3_PLUS = True
AIRFLOW_V_3_2_PLUS = AIRFLOW_V_3_3_PLUS = True

__all__ = [
    "AIRFLOW_V_3_0_PLUS",
    "AIRFLOW_V_3_1_3_PLUS",
    "AIRFLOW_V_3_1_PLUS",
    "AIRFLOW_V_3_2_PLUS",
    "AIRFLOW_V_3_3_PLUS",
    "ArgNotSet",
    "BaseOperator",
    "NOTSET",
    "is_arg_set",
]
