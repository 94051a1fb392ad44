"""``conf`` under the SDK's name."""

from __future__ import annotations

from slipstream.config import conf

__all__ = ["conf"]
