"""The event stream: what changed, told to whoever listens, within a second of its commit."""

from __future__ import annotations

from typing import Self

from slipstream.api.stream.filter import Renderer
from slipstream.api.stream.hub import Hub
from slipstream.store import Store


class Stream:
    """A process's part in it."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.renderer = Renderer()

    @classmethod
    def of(cls, store: Store) -> Self:
        return cls(Hub(store))
