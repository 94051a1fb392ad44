"""A value that is computed when something is done with it."""

from __future__ import annotations

import copy
import operator
from collections.abc import Callable
from typing import Any


class LazyValue:
    """Stands for what ``compute`` returns; behaves like it, except under ``is`` and ``type``.

    Copies and pickles of it are of the value itself.
    """

    __slots__ = ("_compute", "_is_done", "_value")

    def __init__(self, compute: Callable[[], Any]) -> None:
        self._compute = compute
        self._is_done = False
        self._value: Any = None

    def _get(self) -> Any:
        if not self._is_done:
            self._value, self._is_done = self._compute(), True
        return self._value

    def __getattr__(self, name: str) -> Any:
        return getattr(self._get(), name)

    @property  # type: ignore[misc]  # isinstance asks for it
    def __class__(self) -> Any:
        return type(self._get())

    def __reduce_ex__(self, protocol: Any) -> Any:
        return _same, (self._get(),)

    def __copy__(self) -> Any:
        return self._get()

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return copy.deepcopy(self._get(), memo)

    def __str__(self) -> str:
        return str(self._get())

    def __repr__(self) -> str:
        return repr(self._get())

    def __format__(self, spec: str) -> str:
        return format(self._get(), spec)

    def __bool__(self) -> bool:
        return bool(self._get())

    def __hash__(self) -> int:
        return hash(self._get())


def _same(value: Any) -> Any:
    return value


def _binary(name: str) -> Callable[[LazyValue, Any], Any]:
    function = getattr(operator, name)

    def apply(self: LazyValue, other: Any) -> Any:
        return function(self._get(), other._get() if type(other) is LazyValue else other)

    return apply


def _reflected(name: str) -> Callable[[LazyValue, Any], Any]:
    function = getattr(operator, name)

    def apply(self: LazyValue, other: Any) -> Any:
        return function(other, self._get())

    return apply


for _name in ("eq", "ne", "lt", "le", "gt", "ge", "add", "sub"):
    setattr(LazyValue, f"__{_name}__", _binary(_name))
for _name in ("add", "sub"):
    setattr(LazyValue, f"__r{_name}__", _reflected(_name))
