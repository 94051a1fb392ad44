"""``Stats``: metrics of user code, which go nowhere until the engine's own have a home."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any


class Stats:
    """Airflow's interface to StatsD and OpenTelemetry."""

    @staticmethod
    def incr(stat: str, count: int = 1, rate: float = 1, *, tags: Any = None) -> None:
        """Add to a counter."""

    @staticmethod
    def decr(stat: str, count: int = 1, rate: float = 1, *, tags: Any = None) -> None:
        """Take from a counter."""

    @staticmethod
    def gauge(
        stat: str, value: float, rate: float = 1, delta: bool = False, *, tags: Any = None
    ) -> None:
        """Set a gauge."""

    @staticmethod
    def timing(stat: str, dt: Any, *, tags: Any = None) -> None:
        """Record a duration."""

    @staticmethod
    @contextlib.contextmanager
    def timer(stat: str | None = None, *args: Any, **kwargs: Any) -> Iterator[None]:
        """Time a block."""
        yield
