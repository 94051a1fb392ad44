"""``airflow.sdk.definitions.asset.access_control``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.asset import AssetAccessControl

__all__ = ["AssetAccessControl"]
