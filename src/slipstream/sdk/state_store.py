"""Names of the task and asset state stores; using one is refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from slipstream.sdk.exceptions import NotSupportedYet

NEVER_EXPIRE = timedelta.max


class StateStoreAccessor:
    """``task_state_store`` and ``asset_state_store`` of the context."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise NotSupportedYet(f"the {self._name.replace('_', ' ')} ({self._name}.{name})")

    def __getitem__(self, key: Any) -> Any:
        raise NotSupportedYet(f"the {self._name.replace('_', ' ')} ({self._name}[…])")
