"""Hook lineage: providers report what their hooks read and wrote; nobody collects it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass
class AssetLineageInfo:
    """An asset that a hook touched, and how often."""

    asset: Any
    count: int = 1
    context: Any = None


@dataclass
class HookLineage:
    """What hooks read (inputs) and wrote (outputs)."""

    inputs: list[AssetLineageInfo] = field(default_factory=list)
    outputs: list[AssetLineageInfo] = field(default_factory=list)
    extra: list[Any] = field(default_factory=list)


class HookLineageCollector:
    """Takes reports and forgets them."""

    def add_input_asset(self, context: Any, *args: Any, **kwargs: Any) -> None:
        """Take note of an asset that was read."""

    def add_output_asset(self, context: Any, *args: Any, **kwargs: Any) -> None:
        """Take note of an asset that was written."""

    def add_extra(self, context: Any, key: str, value: Any) -> None:
        """Take note of something else."""

    def add_asset(self, context: Any, *args: Any, **kwargs: Any) -> None:
        """Take note of an asset."""

    def create_asset(self, **kwargs: Any) -> None:
        """Return no asset: nothing is collected."""

    @property
    def collected_assets(self) -> HookLineage:
        return HookLineage()

    has_collected = False

    def __iter__(self) -> Iterator[Any]:
        return iter(())


class NoOpCollector(HookLineageCollector):
    """Airflow's name of the collector that collects nothing."""


class HookLineageReader:
    """Base of plugins' readers of lineage."""

    def __init__(self, **kwargs: Any) -> None:
        self.lineage_collector = get_hook_lineage_collector()

    def retrieve_hook_lineage(self) -> HookLineage:
        return self.lineage_collector.collected_assets


_collector = NoOpCollector()


def get_hook_lineage_collector() -> HookLineageCollector:
    """Return the collector."""
    return _collector
