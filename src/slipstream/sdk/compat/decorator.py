"""Decorators of Airflow 1.10 and 2 that have nothing left to do."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any, TypeVar

from slipstream.sdk.lazy import attach

F = TypeVar("F", bound=Callable[..., Any])


def apply_defaults(function: F) -> F:
    """Return the constructor as it is: default_args reach every constructor anyway."""
    return function


def suppress_logs_and_warning(function: F) -> F:
    """Return the function as it is."""
    return function


def add_deprecated_classes(module_imports: dict[str, dict[str, str]], package: str) -> None:
    """Make modules whose names moved, as a provider asks; they are served by ``lazy``."""
    for name, imports in module_imports.items():
        path = f"{package}.{name}"
        if path in sys.modules:
            continue
        module = ModuleType(path)
        targets = {n: "{0}:{2}".format(*t.rpartition(".")) for n, t in imports.items()}
        module.__getattr__, _ = attach(path, {}, targets)  # type: ignore[method-assign]
        sys.modules[path] = module
