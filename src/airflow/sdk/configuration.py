"""``airflow.sdk.configuration``: names only; what they are is in ``slipstream``."""

from slipstream.config import Config as AirflowSDKConfigParser
from slipstream.config import conf

__all__ = ["AirflowSDKConfigParser", "conf"]
