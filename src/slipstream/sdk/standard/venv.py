"""Operators that run a function under another Python; refused with one clear error."""

from __future__ import annotations

from typing import Any

from slipstream.sdk.exceptions import NotSupportedYet
from slipstream.sdk.operator import BaseOperator


class _OtherPython(BaseOperator):
    def __init__(self, **kwargs: Any) -> None:
        raise NotSupportedYet(f"{type(self).__name__} (task {kwargs.get('task_id')!r})")


class PythonVirtualenvOperator(_OtherPython):
    """Runs a function in a virtual environment made for it."""


class ExternalPythonOperator(_OtherPython):
    """Runs a function under another Python interpreter."""


class BranchPythonVirtualenvOperator(PythonVirtualenvOperator):
    """Chooses a branch in a virtual environment."""


class BranchExternalPythonOperator(ExternalPythonOperator):
    """Chooses a branch under another interpreter."""
