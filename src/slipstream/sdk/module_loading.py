"""Imports by dotted path, and the dotted path of an object."""

from __future__ import annotations

import functools
import pkgutil
from collections.abc import Callable, Iterator
from importlib import import_module
from types import ModuleType
from typing import Any


def import_string(dotted_path: str) -> Any:
    """Import ``module.attribute`` (or ``module.Class.attribute``) and return the attribute.

    :raises ImportError: no such module or attribute
    """
    parts = dotted_path.split(".")
    if len(parts) < 2:
        raise ImportError(f"{dotted_path!r} is not a dotted path: it needs a module and a name")
    failure: ImportError | None = None
    for cut in range(len(parts) - 1, 0, -1):
        module_name = ".".join(parts[:cut])
        try:
            found: Any = import_module(module_name)
        except ModuleNotFoundError as e:
            if e.name is None or not (
                module_name == e.name or module_name.startswith(e.name + ".")
            ):
                raise
            failure = failure or e
            continue
        try:
            for name in parts[cut:]:
                found = getattr(found, name)
        except AttributeError:
            raise ImportError(
                f"module {module_name!r} has no attribute {'.'.join(parts[cut:])!r}"
            ) from None
        return found
    assert failure is not None
    raise failure


def qualname(
    o: object | Callable[..., Any], use_qualname: bool = False, exclude_module: bool = False
) -> str:
    """Return the object's dotted path; a partial's is that of its function.

    :param use_qualname: nested classes and functions keep their outer names
    :param exclude_module: leave the module out
    """
    if isinstance(o, functools.partial):
        return qualname(o.func, use_qualname, exclude_module)
    target: Any = o if callable(o) and hasattr(o, "__name__") else type(o)
    name: str = target.__qualname__ if use_qualname or exclude_module else target.__name__
    module = getattr(target, "__module__", None)
    return name if exclude_module or not module else f"{module}.{name}"


def is_valid_dotpath(path: str) -> bool:
    """Return whether ``path`` looks like ``package.module.name``."""
    parts = path.split(".")
    return len(parts) > 1 and all(part.isidentifier() for part in parts)


def iter_namespace(namespace: ModuleType) -> Iterator[pkgutil.ModuleInfo]:
    """Yield the modules of a namespace package."""
    return pkgutil.iter_modules(namespace.__path__, namespace.__name__ + ".")
