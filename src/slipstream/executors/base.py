"""What an executor is: where attempts go out, and where their fates come back.

An executor carries attempts to worker hosts. It does not schedule, decides nothing about a task
instance, and writes nothing to the store: a host commits an attempt's start and finish before
the event about it arrives here. Of a remote host's attempts no such event arrives at all: the
scheduler reads in the store that they began and ended, and says so (``heard``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from slipstream.attempt import Outcome, Workload


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the scheduler must know of an executor before it admits anything."""

    is_remote: bool
    """Its hosts have no database access: workloads need an execution API token, and their starts
    and finishes are heard from the store."""
    slots: int | None
    """Attempts that it takes at a time; None: no limit of its own."""


@dataclass(frozen=True, slots=True)
class ExecutorEvent:
    """Base of all events; ``attempt_id`` is the workload's."""

    attempt_id: str


@dataclass(frozen=True, slots=True)
class AttemptStarted(ExecutorEvent):
    """The start is committed: the attempt runs."""

    started_at: datetime
    hostname: str
    pid: int | None


@dataclass(frozen=True, slots=True)
class AttemptFinished(ExecutorEvent):
    """The outcome is committed. It comes without XComs and rendered fields."""

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class AttemptLost(ExecutorEvent):
    """The attempt's host is gone, and with it whoever would have told its outcome."""

    reason: str


@dataclass(frozen=True, slots=True)
class AttemptHandedBack(ExecutorEvent):
    """The attempt was never begun and will not be: it can be queued anew."""


@dataclass(frozen=True, slots=True)
class AttemptRefused(ExecutorEvent):
    """No host can begin the attempt, for a reason that people are to read: it has failed."""

    reason: str


@dataclass(frozen=True, slots=True)
class CallbackDone(ExecutorEvent):
    """A callback workload ended; ``attempt_id`` is the id that it was submitted with."""

    ok: bool
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why an executor can hand out nothing for now: its broker, or its cluster, is away."""

    text: str
    """A sentence for people, without its full stop."""
    since: datetime


class Executor(Protocol):
    """A carrier of attempts. Every method is called from the scheduler's one thread."""

    name: str
    capabilities: Capabilities

    @property
    def trouble(self) -> Trouble | None:
        """What attempts wait for that have been submitted; None: nothing is in their way."""
        ...

    def start(self, scheduler_id: str) -> None:
        """Begin to serve the scheduler whose job id is given."""
        ...

    def fileno(self) -> int:
        """Return a descriptor, the same for life, that is readable when ``events`` has any."""
        ...

    def submit(self, workloads: Sequence[Workload]) -> None:
        """Take attempts that are committed as queued. One submitted twice runs once."""
        ...

    def events(self) -> list[ExecutorEvent]:
        """Return what has happened since the last call; never blocks.

        Also does what cannot wait for ever, such as restarting a host: call it at least once
        every few seconds.
        """
        ...

    def heard(self, attempt_ids: Sequence[str]) -> None:
        """Take note that these began or ended, as the store says: they need no more care.

        Ids that it does not know are passed over.
        """
        ...

    def cancel(self, reasons: Mapping[str, str]) -> None:
        """End the processes of attempts, by id, each for the reason that its log will say.

        They are not current any more: nothing comes of them, callbacks included. Ids that it does
        not know are passed over.
        """
        ...

    def adopt(self, attempt_ids: Sequence[str]) -> set[str]:
        """Take over attempts of a scheduler that is gone; return those that are in good hands."""
        ...

    def stop(self, deadline_s: float) -> None:
        """Take no more work, let what runs end, and end it by force after ``deadline_s``."""
        ...
