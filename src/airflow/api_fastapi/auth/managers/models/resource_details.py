"""``airflow.api_fastapi.auth.managers.models.resource_details``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.compat.access import (
    AccessView,
    AssetAliasDetails,
    AssetDetails,
    BackfillDetails,
    ConfigurationDetails,
    ConnectionDetails,
    DagAccessEntity,
    DagDetails,
    PoolDetails,
    VariableDetails,
)

__all__ = [
    "AccessView",
    "AssetAliasDetails",
    "AssetDetails",
    "BackfillDetails",
    "ConfigurationDetails",
    "ConnectionDetails",
    "DagAccessEntity",
    "DagDetails",
    "PoolDetails",
    "VariableDetails",
]
