"""``airflow.configuration``: names only; what they are is in ``slipstream``."""

from slipstream.config import Config as AirflowConfigParser
from slipstream.config import conf
from slipstream.sdk.compat.setting import AIRFLOW_CONFIG, AIRFLOW_HOME
from slipstream.sdk.exceptions import AirflowConfigException

__all__ = [
    "AIRFLOW_CONFIG",
    "AIRFLOW_HOME",
    "AirflowConfigException",
    "AirflowConfigParser",
    "conf",
]
