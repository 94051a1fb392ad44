"""Total priority weights: a task's own plus those of all that it leads to, or comes from.

Sets of tasks are the bits of one integer each, so that the transitive sets of a DAG of thousands
of tasks cost milliseconds.
"""

from __future__ import annotations

from collections.abc import Sequence

from slipstream.state import WeightRule

MAX_WEIGHT = 2**31 - 1
"""Weights are 32-bit columns; Airflow clamps to the same range."""
MIN_WEIGHT = -(2**31)

Edges = Sequence[Sequence[int]]


def reach(order: Sequence[int], edges: Edges) -> list[int]:
    """Return per task the bit set of all tasks that ``edges`` lead to, itself excluded.

    ``order`` visits every task after those that its edges point to.
    """
    sets = [0] * len(edges)
    for i in order:
        bits = 0
        for j in edges[i]:
            bits |= sets[j] | 1 << j
        sets[i] = bits
    return sets


def members(bits: int) -> list[int]:
    """Return the numbers of the bits that are set, in order."""
    found = []
    while bits:
        low = bits & -bits
        found.append(low.bit_length() - 1)
        bits ^= low
    return found


def total_weights(
    own: Sequence[int], rules: Sequence[WeightRule], below: Sequence[int], above: Sequence[int]
) -> list[int]:
    """Return each task's total weight by its rule (as Airflow 3: each relative counts once)."""
    masks: dict[int, int] = {}
    for i, weight in enumerate(own):
        masks[weight] = masks.get(weight, 0) | 1 << i
    totals = []
    for i, rule in enumerate(rules):
        total = own[i]
        if rule is not WeightRule.ABSOLUTE:
            bits = below[i] if rule is WeightRule.DOWNSTREAM else above[i]
            total += sum(w * (bits & mask).bit_count() for w, mask in masks.items())
        totals.append(min(max(total, MIN_WEIGHT), MAX_WEIGHT))
    return totals
