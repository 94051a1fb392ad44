"""What one turn decided, to be written in one transaction, and what is done after its commit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from slipstream.attempt import Workload
from slipstream.machine.decision import Decision
from slipstream.store import Connection, decision, inbox
from slipstream.store.decision import NewAttempt


@dataclass(slots=True)
class Batch:
    """The sum of a turn. ``write`` may be called again: it changes nothing in here."""

    decisions: dict[int, Decision] = field(default_factory=dict)
    """By the run's primary key, merged."""
    attempts: list[NewAttempt] = field(default_factory=list)
    inbox: list[int] = field(default_factory=list)
    """Messages that are dealt with once this is committed."""
    also: list[Callable[[Connection], object]] = field(default_factory=list)
    """Other statements of the same transaction, after the rest."""
    workloads: list[Workload] = field(default_factory=list)
    """For the executors, after the commit."""
    cancel: dict[str, str] = field(default_factory=dict)
    """Attempts whose processes must end after the commit, and why."""
    evict: list[int] = field(default_factory=list)
    """Runs that leave memory after the commit."""
    wake: set[str] = field(default_factory=set)
    """Listeners to wake after the commit."""

    def add(self, pk: int, decided: Decision) -> None:
        """Take in what a run's machine decided."""
        mine = self.decisions.get(pk)
        if mine is None:
            self.decisions[pk] = decided
        else:
            mine.merge(decided)

    def __bool__(self) -> bool:
        return bool(self.decisions or self.attempts or self.inbox or self.also)

    def write(self, conn: Connection, now: datetime) -> None:
        """Write everything inside the caller's transaction."""
        decision.save(conn, list(self.decisions.items()), self.attempts, now)
        for statement in self.also:
            statement(conn)
        if self.inbox:
            inbox.delete(conn, self.inbox)
