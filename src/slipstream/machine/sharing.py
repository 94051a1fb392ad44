"""How several schedulers share DAGs and pools. Rules only: whoever applies them sees to safety."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

PATIENCE_S = 1.0
"""Who has had nothing under way for so long comes first. Shorter, and slots would only move."""


def dags_due(n_owned: Mapping[str, int], n_free: int) -> dict[str, int]:
    """Return how many DAGs each scheduler should own, given how many each does (0 counts).

    Everybody gets the n-th part, rounded down. The odd ones stay with those that own the most, so
    that nothing moves without need.
    """
    part, n_odd = divmod(sum(n_owned.values()) + n_free, len(n_owned))
    by_number = sorted(n_owned, key=lambda owner: (-n_owned[owner], owner))
    return {owner: part + (place < n_odd) for place, owner in enumerate(by_number)}


@dataclass(frozen=True, slots=True)
class Claim:
    """What a scheduler could use of a pool."""

    owner: str
    demand: int
    """Slots that it uses, or would at once."""
    least: int
    """With fewer slots than these it cannot start anything; 0 or 1: any slot helps."""
    stuck_since: datetime | None = None
    """Since when it has had nothing under way although something waits; None: it does not."""


def divide(slots: int, claims: Sequence[Claim], now: datetime) -> dict[str, int]:
    """Return how many of a pool's slots each scheduler should hold; never more than its demand.

    First, everybody in turn gets as much as it needs to start something at all, while there is
    enough for that; then what is left is given out evenly. Who has been stuck for a while comes
    first, the longest first, and so until it has started something: nobody waits for ever, even
    where one slot is for many, or a task takes many.
    """
    ordered = sorted(claims, key=lambda claim: (_stuck_long_since(claim, now), claim.owner))
    left = slots
    given: dict[str, int] = {}
    for claim in ordered:
        least = min(claim.demand, claim.least)
        given[claim.owner] = least if least <= left else 0
        left -= given[claim.owner]
    return _give_evenly(left, ordered, given)


def _stuck_long_since(claim: Claim, now: datetime) -> datetime:
    since = claim.stuck_since
    return since if since is not None and (now - since).total_seconds() >= PATIENCE_S else now


def _give_evenly(left: int, claims: Sequence[Claim], given: dict[str, int]) -> dict[str, int]:
    """Raise the lowest first, until nothing is left or nobody wants more."""
    hungry = [claim for claim in claims if given[claim.owner] < claim.demand]
    while left > 0 and hungry:
        lowest = min(given[claim.owner] for claim in hungry)
        low = [claim for claim in hungry if given[claim.owner] == lowest]
        others = [given[claim.owner] for claim in hungry if given[claim.owner] > lowest]
        ceiling = min([claim.demand for claim in low] + others)
        step = min(ceiling - lowest, left // len(low))
        for claim in low if step else low[:left]:
            given[claim.owner] += step or 1
            left -= step or 1
        hungry = [claim for claim in hungry if given[claim.owner] < claim.demand]
    return given


def next_quota(
    held: int,
    used: int,
    demand: int,
    *,
    due: int,
    free: int,
    wanted: int,
    is_alone: bool,
) -> int:
    """Return how many slots of a pool a scheduler should hold from now on.

    ``due`` is its part of what ``divide`` says; ``free`` what nobody holds, negative when more is
    held than the pool has; ``wanted`` how many more the others would use. What is in use stays.
    """
    unused = max(0, held - used)
    if free < 0:
        return held - min(unused, -free)
    if wanted and held > due:
        return held - min(unused, held - due, max(0, wanted - free))
    if is_alone:
        return held + free
    goal = min(demand, due) if wanted else demand
    return held + max(0, min(free, goal - held))
