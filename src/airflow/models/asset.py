"""``airflow.models.asset``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.compat.orm import AssetModel, expand_alias_to_assets

__all__ = ["AssetModel", "expand_alias_to_assets"]
