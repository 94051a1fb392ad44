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
                f"chain() joins tasks, groups and lists of them, not a {type(wrong).__name__}: "
                f"{wrong!r}"
            )
        elif len(up) != len(down):
            raise ValueError(
                f"chain() joins two lists pair by pair: one has {len(up)} tasks, the other "
                f"{len(down)}"
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
        raise ValueError("There are no tasks to join: give at least two.")
    if len(elements) == 1:
        raise ValueError(
            "There is one element, so nothing to join: put a * before a list of tasks."
        )
    previous: Sequence[DependencyMixin] | None = None
    for element in elements:
        current = [element] if isinstance(element, DependencyMixin) else list(element)
        if previous is not None:
            for task in current:
                task.set_upstream(previous)
        previous = current or previous
