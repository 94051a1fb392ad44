"""Lets everybody know what keeps an executor from handing anything out, such as a broker that is away.

Only this process sees that; who explains why a task instance waits reads it from this scheduler's job.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from slipstream.executors.base import Executor, Trouble
from slipstream.store import job

if TYPE_CHECKING:
    from slipstream.scheduler.turn import Turn


_LONGEST = 1000
"""Characters of a text that are kept."""


class Obstacles:
    """What the executors say, and what the store has of it."""

    def __init__(self, executors: Mapping[str, Executor]) -> None:
        self._executors = executors
        self._told: dict[str, Trouble] | None = {}
        """What this scheduler's job says; None: not known, since what was written may be lost."""

    def of(self, executor: str | None) -> Trouble | None:
        """Return what is in the way of a task's executor; None names the default one."""
        found = self._executors.get(executor or next(iter(self._executors), ""))
        return None if found is None else found.trouble

    def look(self, turn: Turn) -> None:
        """Write what has changed with this turn."""
        # Asked once each: an executor's own thread changes it.
        found = {
            name: trouble
            for name, each in self._executors.items()
            if (trouble := each.trouble) is not None
        }
        if found == self._told:
            return
        self._told = found
        told = {
            name: {"text": each.text[:_LONGEST], "since": each.since.isoformat()}
            for name, each in found.items()
        }
        turn.batch.also.append(partial(job.set_trouble, id=turn.world.scheduler_id, trouble=told))

    def forget(self) -> None:
        """Write it anew: the last transaction may not have gone through."""
        if any(each.capabilities.is_remote for each in self._executors.values()):
            self._told = None
