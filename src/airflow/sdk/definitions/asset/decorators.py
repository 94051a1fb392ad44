"""``airflow.sdk.definitions.asset.decorators``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.asset import AssetDecorator as asset

__all__ = ["asset"]
