"""What the commands need that is not always installed."""

from __future__ import annotations

import importlib.util

from slipstream.errors import UserError


def require(module: str, extra: str) -> None:
    """Raise UserError unless the extra that brings this module is installed."""
    if importlib.util.find_spec(module) is None:
        raise UserError(
            f"{module} is not installed: pip install 'slipstream-orchestrator[{extra}]'"
        )
