"""How full a pool ever was, as the story tells it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from itertools import groupby

from slipstream.store.row import StoryRow

_HOLDING = ("queued", "running")


def highest_use(
    events: Iterable[StoryRow],
    slots: Callable[[StoryRow], int],
    *,
    holding: Collection[str] = _HOLDING,
) -> int:
    """Return the most slots that were taken after any transaction.

    ``slots`` says how many an event's instance takes, ``holding`` in which states. The events
    of a turn, all of one time, are one transaction, in which those of a run stand together: their own
    order means nothing.
    """
    used = highest = 0
    in_order = sorted(events, key=lambda event: event.id)
    for _, of_turn in groupby(in_order, key=lambda event: event.at):
        for event in of_turn:
            used += slots(event) * ((event.to_state in holding) - (event.from_state in holding))
        highest = max(highest, used)
    return highest
