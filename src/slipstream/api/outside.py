"""Processes of our own for what the API server must not do itself: run users' and providers' code."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any


class NoAnswer(Exception):
    """The process ended without an answer, or did not end; its message says which."""


def ask(module: str, given: Any = None, *, within_s: float) -> Any:
    """Run ``python -m module`` with JSON as its input, and return the JSON that it prints.

    Raises NoAnswer.
    """
    try:
        told = subprocess.run(
            [sys.executable, "-m", module],
            input=json.dumps(given).encode(),
            capture_output=True,
            timeout=within_s,
        )
    except subprocess.TimeoutExpired:
        raise NoAnswer(f"it did not end within {within_s:.0f} s") from None
    try:
        return json.loads(told.stdout)
    except ValueError:
        raise NoAnswer(f"it ended with code {told.returncode}") from None
