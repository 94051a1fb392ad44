"""Old import paths: a meta path finder that serves them from one table, with a warning.

The table is ``airflow._legacy``: module -> names -> where they are now. Also refuses a real
Airflow in the same environment.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from slipstream.sdk.lazy import load, warn_moved

_TABLE_MODULE = "airflow._legacy"


class LegacyModule(ModuleType):
    """A module that exists only as rows of the table."""

    def __getattr__(self, name: str) -> Any:
        names: dict[str, str] = self.__dict__.get("_names", {})
        target = names.get(name) or (names.get("*") if not name.startswith("_") else None)
        if target is None:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        if target.startswith("!"):
            raise ImportError(f"{self.__name__}.{name}: {target[1:]}")
        warn_moved(f"{self.__name__}.{name}", target, name, stacklevel=2)
        try:
            return load(target, name)
        except ModuleNotFoundError as e:
            package = _provider_package(target)
            if package is None or e.name is None or not target.startswith(e.name):
                raise
            raise ImportError(
                f"{self.__name__}.{name} is now {target.replace(':', '.')}.{name}: "
                f"install {package}."
            ) from None

    def __dir__(self) -> Iterable[str]:
        return sorted({*self.__dict__, *self.__dict__.get("_names", {})})


def _provider_package(target: str) -> str | None:
    """Return the distribution that a provider's module comes from."""
    prefix = "airflow.providers."
    if not target.startswith(prefix):
        return None
    parts = target.removeprefix(prefix).split(".")
    n = 2 if parts[0] in ("common", "apache", "microsoft", "cncf") else 1
    return "apache-airflow-providers-" + "-".join(parts[:n])


class LegacyFinder:
    """Finds the modules of the table, after all real ones.

    Finder and loader by their methods: importing the base classes would cost 10 ms.
    """

    def __init__(self) -> None:
        self._table: dict[str, dict[str, str]] | None = None
        self._packages: set[str] = set()

    def _rows(self) -> dict[str, dict[str, str]]:
        if self._table is None:
            from importlib import import_module  # the table is read when a real module is missing

            self._table = import_module(_TABLE_MODULE).TABLE
            for name in self._table:
                parts = name.split(".")
                self._packages.update(".".join(parts[:i]) for i in range(1, len(parts)))
            self._packages.update(name for name in self._table if self._refusal(name))
        return self._table

    def _refusal(self, module: str) -> str | None:
        """Return why nothing of a module can be had."""
        target = self._rows().get(module, {}).get("*", "")
        return target[1:] if target.startswith("!") else None

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not fullname.startswith("airflow.") or fullname == _TABLE_MODULE:
            return None
        rows = self._rows()
        is_package = fullname in self._packages
        if fullname not in rows and not is_package:
            if reason := self._refusal(fullname.rpartition(".")[0]):
                raise ModuleNotFoundError(f"No module named {fullname!r}: {reason}", name=fullname)
            return None
        loader: Any = self
        return ModuleSpec(fullname, loader, is_package=is_package)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return LegacyModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        names = self._rows().get(module.__name__, {})
        module.__dict__["_names"] = names
        module.__doc__ = "An old import path; see ``airflow._legacy``."
        # `from x import *` looks names up, and warns for each: leave out what cannot be had.
        module.__dict__["__all__"] = [n for n, t in names.items() if not t.startswith("!")]


def install(package_path: Iterable[str], our_file: str) -> None:
    """Put the finder in place; called by ``airflow/__init__.py``.

    :raises ImportError: a real Airflow is installed beside us
    """
    refuse_real_airflow(package_path, our_file)
    if not any(isinstance(f, LegacyFinder) for f in sys.meta_path):
        sys.meta_path.append(LegacyFinder())


def refuse_real_airflow(package_path: Iterable[str], our_file: str) -> None:
    """Raise ImportError when a folder of the ``airflow`` package is that of a real Airflow."""
    ours = os.path.dirname(our_file)
    for folder in package_path:
        if folder != ours and os.path.exists(os.path.join(folder, "migrations")):
            raise ImportError(
                f"Apache Airflow is installed in {os.path.dirname(folder)}, and Slipstream "
                "provides the same package. Use an environment with one of them only: "
                "pip uninstall apache-airflow apache-airflow-core apache-airflow-task-sdk"
            )
