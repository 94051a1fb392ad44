"""Listeners' names: the marker for hook functions, and a manager without listeners."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def hookimpl(function: Any = None, **options: Any) -> Any:
    """Mark a function as a listener's (or a policy's) implementation."""
    if function is None:
        return lambda f: f
    return function


class ListenerManager:
    """Takes listeners; nothing is announced to them."""

    has_listeners = False

    def __init__(self) -> None:
        self.listeners: list[Any] = []
        self.hook = SimpleNamespace()

    def add_listener(self, listener: Any) -> None:
        """Register a listener."""
        self.listeners.append(listener)

    def clear(self) -> None:
        """Forget all listeners."""
        self.listeners.clear()


_manager = ListenerManager()


def get_listener_manager() -> ListenerManager:
    """Return the manager."""
    return _manager
