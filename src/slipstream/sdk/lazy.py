"""Modules whose names are imported when they are first used (PEP 562)."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Mapping
from importlib import import_module
from types import FrameType
from typing import Any

from slipstream.sdk.exceptions import DeprecatedImportWarning

_PACKAGE_FOLDERS = ("/site-packages/", "/dist-packages/")


def attach(
    module: str, names: Mapping[str, str], deprecated: Mapping[str, str] | None = None
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return ``__getattr__`` and ``__dir__`` for a module.

    :param names: where each name is: ``package.module`` (under the same name) or
        ``package.module:other``; ``package.module:`` is the module itself
    :param deprecated: likewise, for names that give a DeprecatedImportWarning
    """
    old = deprecated or {}

    def __getattr__(name: str) -> Any:  # noqa: N807 (it becomes the module's)
        target = names.get(name)
        if target is None:
            target = old.get(name)
            if target is None:
                raise AttributeError(f"module {module!r} has no attribute {name!r}")
            warn_moved(f"{module}.{name}", target, name, stacklevel=2)
        found = load(target, name)
        if name in names:
            setattr(sys.modules[module], name, found)
        return found

    def __dir__() -> list[str]:  # noqa: N807 (it becomes the module's)
        return sorted({*vars(sys.modules[module]), *names})

    return __getattr__, __dir__


def load(target: str, name: str) -> Any:
    """Return what ``target`` names, ``name`` being its name unless the target has its own."""
    path, colon, other = target.partition(":")
    module = import_module(path)
    if colon and not other:
        return module
    return getattr(module, other or name)


def warn_moved(old: str, target: str, name: str, stacklevel: int) -> None:
    """Tell that a name is imported by an old path, if it is the user's own file that does.

    Who runs a DAG cannot mend an installed package, and providers try old paths on purpose.
    """
    if _is_installed(sys._getframe(stacklevel)):
        return
    path = public_path(target, name)
    advice = f"use {path} instead" if path else "Airflow 3 has no such name, and nothing needs it"
    warnings.warn(
        f"{old} is an old name; {advice}.",
        DeprecatedImportWarning,
        stacklevel=stacklevel + 1,
    )


def _is_installed(frame: FrameType | None) -> bool:
    """Tell whether the code that imports, behind the import system's own frames, is a package's."""
    while frame is not None and frame.f_code.co_filename.startswith("<frozen importlib"):
        frame = frame.f_back
    return frame is not None and any(
        folder in frame.f_code.co_filename for folder in _PACKAGE_FOLDERS
    )


def public_path(target: str, name: str) -> str | None:
    """Return the path that users should import a target by; None if Airflow 3 has none."""
    path, _, other = target.partition(":")
    wanted = other or name
    if wanted in _WITHOUT_SUCCESSOR:
        return None
    if path == "slipstream.sdk.exceptions":
        return f"airflow.sdk.exceptions.{wanted}"
    if path.startswith("slipstream.sdk.standard."):
        return f"airflow.providers.standard.operators.{wanted}"
    return f"airflow.sdk.{wanted}" if path.startswith("slipstream.") else f"{path}.{wanted}"


# What only old DAG files use.
_WITHOUT_SUCCESSOR = frozenset(
    {
        "AirflowContextDeprecationWarning",
        "apply_defaults",
        "cron_presets",
        "date_range",
        "days_ago",
        "make_kwargs_callable",
    }
)
