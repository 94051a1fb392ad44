"""The context's views of asset events: what a task reads from inlets and records for outlets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from slipstream.sdk.exceptions import NotSupportedYet


class OutletEvent:
    """What the task says about one outlet; ``extra`` is stored with the asset's event."""

    def __init__(self, key: Any) -> None:
        self.key = key
        self.extra: dict[str, Any] = {}

    def add(self, asset: Any, extra: dict[str, Any] | None = None) -> None:
        """Add an asset to an alias."""
        raise NotSupportedYet("asset aliases at run time")


class OutletEvents(Mapping[Any, OutletEvent]):
    """``outlet_events[asset]``."""

    def __init__(self) -> None:
        self._events: dict[Any, OutletEvent] = {}

    def __getitem__(self, key: Any) -> OutletEvent:
        if key not in self._events:
            self._events[key] = OutletEvent(key)
        return self._events[key]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._events)

    def __len__(self) -> int:
        return len(self._events)

    def to_json(self) -> list[dict[str, Any]]:
        """Return the recorded events as the outcome carries them."""
        return [
            {"asset": key.to_spec() if hasattr(key, "to_spec") else str(key), "extra": e.extra}
            for key, e in self._events.items()
        ]


class InletEvents(Mapping[Any, Any]):
    """``inlet_events[asset]``: events of the task's inlets."""

    def __init__(self, inlets: list[Any]) -> None:
        self._inlets = inlets

    def __getitem__(self, key: Any) -> Any:
        raise NotSupportedYet("reading asset events (inlet_events)")

    def __iter__(self) -> Iterator[Any]:
        return iter(self._inlets)

    def __len__(self) -> int:
        return len(self._inlets)


class TriggeringAssetEvents(dict[Any, Any]):
    """``triggering_asset_events``: the events that triggered the run, by asset."""
