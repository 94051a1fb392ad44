"""What a mapped task or group expands over, compiled from a ``MappingSpec``.

Owns the compile-time half of mapping: which upstream tasks the length depends on, and the length
itself when every argument is a literal. Run-time lengths are ``mapping``'s.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from slipstream.spec import MappingSpec

LengthOf = Callable[[str], "int | None"]
"""Length of a task's return value as mapped over; None while it is not known."""


@dataclass(frozen=True, slots=True)
class Mapping:
    """One ``expand`` or ``expand_kwargs``: the product of its arguments' lengths."""

    kind: str
    arguments: tuple[Any, ...]
    dependencies: tuple[str, ...]
    """Task ids whose results decide the length, in order of first use."""
    literal_length: int | None
    """The length when no argument depends on a task; None otherwise."""

    def length(self, length_of: LengthOf) -> int | None:
        """Return how many instances this makes, or None while a dependency's is unknown."""
        if self.literal_length is not None:
            return self.literal_length
        total = 1
        for argument in self.arguments:
            n = _length(argument, length_of)
            if n is None:
                return None
            total *= n
        return total


def compile_mapping(spec: MappingSpec) -> Mapping:
    """Compile a mapping; an argument is a literal list or dict, or a reference to results.

    References are ``{"xcom": [task_id, key]}``, ``{"map": ref}``, ``{"zip": [ref, …], "fill":
    bool}`` and ``{"concat": [ref, …]}``.
    """
    arguments = tuple(spec["by"].values())
    dependencies = tuple(dict.fromkeys(t for a in arguments for t in _references(a)))
    literal = None
    if not dependencies:
        literal = 1
        for argument in arguments:
            literal *= len(argument)
        if not arguments:
            literal = 0
    return Mapping(spec["kind"], arguments, dependencies, literal)


def _reference(argument: Any) -> str | None:
    """Return the kind of reference that an argument is; None for a literal."""
    if not isinstance(argument, dict):
        return None
    keys = argument.keys()
    for kind in ("xcom", "map", "zip", "concat"):
        if kind in keys and len(keys) <= (2 if kind == "zip" else 1):
            return kind
    return None


def _references(argument: Any) -> Iterator[str]:
    kind = _reference(argument)
    if kind == "xcom":
        yield argument["xcom"][0]
    elif kind == "map":
        yield from _references(argument["map"])
    elif kind is not None:
        for part in argument[kind]:
            yield from _references(part)


def _length(argument: Any, length_of: LengthOf) -> int | None:
    kind = _reference(argument)
    if kind is None:
        return len(argument)
    if kind == "xcom":
        return length_of(argument["xcom"][0])
    if kind == "map":
        return _length(argument["map"], length_of)
    lengths = [_length(part, length_of) for part in argument[kind]]
    known = [n for n in lengths if n is not None]
    if len(known) < len(lengths):
        return None
    if kind == "concat":
        return sum(known)
    return max(known, default=0) if argument.get("fill") else min(known, default=0)
