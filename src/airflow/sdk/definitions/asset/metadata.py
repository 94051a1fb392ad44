"""``airflow.sdk.definitions.asset.metadata``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.asset import Metadata

__all__ = ["Metadata"]
