"""``airflow.lineage.hook``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.lineage import (
    AssetLineageInfo,
    HookLineage,
    HookLineageCollector,
    HookLineageReader,
    NoOpCollector,
    get_hook_lineage_collector,
)

__all__ = [
    "AssetLineageInfo",
    "HookLineage",
    "HookLineageCollector",
    "HookLineageReader",
    "NoOpCollector",
    "get_hook_lineage_collector",
]
