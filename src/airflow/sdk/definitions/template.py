"""``airflow.sdk.definitions.template``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.template import LiteralValue, literal

__all__ = ["LiteralValue", "literal"]
