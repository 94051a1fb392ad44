"""SQLAlchemy's way into a process, without what it imports and we do not use.

It imports asyncio for engines that we do not have, ``importlib.metadata`` (with email and zipfile)
to look for third parties' dialects, and with each dialect those of all other drivers. That is a
sixth of what a command costs, and 4 MB in each service. So while it is imported, stand-ins are in
their place: whoever does need such a module meets it then, and nobody else ever sees a stand-in.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any


class _Late(ModuleType):
    """Stands in for a module until one of its attributes is asked for."""

    def __getattr__(self, name: str) -> Any:
        _withdraw(self)
        found = getattr(importlib.import_module(self.__name__), name)
        setattr(self, name, found)
        return found


@contextmanager
def late(*names: str, **attributes: Any) -> Iterator[None]:
    """Let what is imported within import the named modules when it first uses them.

    Modules that are loaded are left alone. ``attributes`` are what is used at import already, of
    whichever module.
    """
    stand_ins = [_Late(name) for name in names if name not in sys.modules]
    for stand_in in stand_ins:
        vars(stand_in).update(attributes)
        sys.modules[stand_in.__name__] = stand_in
    try:
        yield
    finally:
        for stand_in in stand_ins:
            _withdraw(stand_in)


def _withdraw(stand_in: _Late) -> None:
    if sys.modules.get(stand_in.__name__) is stand_in:
        del sys.modules[stand_in.__name__]


def _iscoroutine(value: Any) -> bool:
    import asyncio  # this is how it comes late

    return asyncio.iscoroutine(value)


with late("asyncio", iscoroutine=_iscoroutine), late("importlib.metadata"):
    from sqlalchemy import Connection

__all__ = ["Connection", "late"]
