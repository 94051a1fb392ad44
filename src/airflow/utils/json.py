"""``airflow.utils.json``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.compat.json_codec import XComDecoder, XComEncoder

__all__ = ["XComDecoder", "XComEncoder"]
