"""``chain``, ``chain_linear`` and ``cross_downstream``: dependencies of many tasks at once."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from slipstream.sdk.node import Dependency, DependencyMixin


def chain(*tasks: Any) -> None:
    """Connect each element to the next; lists of equal length are connected pairwise.

    :raises TypeError: an element is neither a task nor a list of tasks
    :raises ValueError: two adjacent lists differ in length
    """
    for up, down in pairwise(tasks):
        if isinstance(up, DependencyMixin):
            up.set_downstream(down)
        elif isinstance(down, DependencyMixin):
            down.set_upstream(up)
        elif not isinstance(up, Sequence) or not isinstance(down, Sequence):
            wrong = down if isinstance(up, Sequence) else up
            raise TypeError(
                f"Chain not supported between instances of {type(up)} and {type(down)}: {wrong!r}"
            )
        elif len(up) != len(down):
            raise ValueError(
                f"Chain not supported for different length Iterable. Got {len(up)} and {len(down)}."
            )
        else:
            for one, other in zip(up, down, strict=True):
                one.set_downstream(other)


def cross_downstream(from_tasks: Sequence[DependencyMixin], to_tasks: Dependency) -> None:
    """Connect every one of ``from_tasks`` to every one of ``to_tasks``."""
    for task in from_tasks:
        task.set_downstream(to_tasks)


def chain_linear(*elements: Dependency) -> None:
    """Connect each element to the next; between two lists, everything to everything.

    :raises ValueError: fewer than two elements
    """
    if not elements:
        raise ValueError("No tasks provided; nothing to do.")
    if len(elements) == 1:
        raise ValueError("No dependencies were set. Did you forget to expand with `*`?")
    previous: Sequence[DependencyMixin] | None = None
    for element in elements:
        current = [element] if isinstance(element, DependencyMixin) else list(element)
        if previous is not None:
            for task in current:
                task.set_upstream(previous)
        previous = current or previous
