"""``airflow.sdk.definitions.asset``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.asset import (
    Asset,
    AssetAlias,
    AssetAll,
    AssetAny,
    AssetBooleanCondition,
    AssetNameRef,
    AssetRef,
    AssetUniqueKey,
    AssetUriRef,
    AssetWatcher,
    BaseAsset,
    Dataset,
    Model,
)

__all__ = [
    "Asset",
    "AssetAlias",
    "AssetAll",
    "AssetAny",
    "AssetBooleanCondition",
    "AssetNameRef",
    "AssetRef",
    "AssetUniqueKey",
    "AssetUriRef",
    "AssetWatcher",
    "BaseAsset",
    "Dataset",
    "Model",
]
