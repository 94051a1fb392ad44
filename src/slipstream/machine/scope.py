"""Setup and teardown scopes: which tasks must wait for a setup or a teardown that is not next to
them.

Computed once per plan; a DAG without setups and teardowns pays nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from slipstream.machine.weight import Edges, members


@dataclass(frozen=True, slots=True)
class Scopes:
    """Indices are into the plan's tasks; a task without an entry has no such relation."""

    distant_setups: dict[int, tuple[int, ...]] = field(default_factory=dict)
    """Task -> setups above it that it must see succeed though they are not its direct upstream.

    As Airflow 3: those with a teardown below the task, or with no teardown at all.
    """
    enclosed: dict[int, tuple[int, ...]] = field(default_factory=dict)
    """Teardown -> tasks between its setups and it, which must be done before it runs."""
    dependents: dict[int, tuple[int, ...]] = field(default_factory=dict)
    """The two relations above, turned round."""


def find_scopes(
    is_setup: Sequence[bool],
    is_teardown: Sequence[bool],
    upstream: Edges,
    downstream: Edges,
    above: Sequence[int],
    below: Sequence[int],
) -> Scopes:
    """Find the scopes of a DAG; ``above`` and ``below`` are the transitive sets as bits."""
    setups = sum(1 << i for i, flag in enumerate(is_setup) if flag)
    teardowns = sum(1 << i for i, flag in enumerate(is_teardown) if flag)
    if not setups and not teardowns:
        return Scopes()
    teardowns_of = {
        s: sum(1 << d for d in downstream[s] if is_teardown[d]) for s in members(setups)
    }
    distant: dict[int, tuple[int, ...]] = {}
    enclosed: dict[int, tuple[int, ...]] = {}
    for i, direct in enumerate(upstream):
        nearby = sum(1 << u for u in direct)
        if is_teardown[i]:
            inside = 0
            for u in direct:
                if is_setup[u]:
                    inside |= below[u]
            inside &= above[i] & ~nearby
            if inside:
                enclosed[i] = tuple(members(inside))
            continue
        later = below[i] & teardowns
        relevant = tuple(
            s
            for s in members(above[i] & setups & ~nearby)
            if not teardowns_of[s] or teardowns_of[s] & later
        )
        if relevant:
            distant[i] = relevant
    return Scopes(distant, enclosed, _turned_round(distant, enclosed))


def _turned_round(*relations: dict[int, tuple[int, ...]]) -> dict[int, tuple[int, ...]]:
    found: defaultdict[int, set[int]] = defaultdict(set)
    for relation in relations:
        for i, sources in relation.items():
            for s in sources:
                found[s].add(i)
    return {s: tuple(sorted(i)) for s, i in found.items()}
