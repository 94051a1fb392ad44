"""``airflow.sdk.serde``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.xcom_codec import decode as deserialize
from slipstream.sdk.xcom_codec import encode as serialize

__all__ = ["deserialize", "serialize"]
