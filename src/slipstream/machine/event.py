"""What can happen to a dag run: the stimuli that ``RunMachine.on`` accepts, as frozen data."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from slipstream.attempt import Outcome
from slipstream.state import DagRunState, TaskInstanceState


class TIKey(NamedTuple):
    """A task instance within its run."""

    task_id: str
    map_index: int = -1


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all events."""


@dataclass(frozen=True, slots=True)
class RunStarted(Event):
    """The run left the queue: a slot of max_active_runs is its own."""


@dataclass(frozen=True, slots=True)
class Admitted(Event):
    """Admission gave the task instance its slots; ``attempt_id`` is the new current attempt."""

    key: TIKey
    attempt_id: str


@dataclass(frozen=True, slots=True)
class Started(Event):
    key: TIKey
    attempt_id: str
    started_at: datetime
    hostname: str = ""
    pid: int | None = None


@dataclass(frozen=True, slots=True)
class Finished(Event):
    """The attempt's outcome arrived (success, failure, skip, reschedule, deferral)."""

    key: TIKey
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class HostLost(Event):
    """The attempt's host or lease is gone, or it never left the queue in time."""

    key: TIKey
    attempt_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class HandedBack(Event):
    """A host gave a queued attempt back before starting it; it costs no try."""

    key: TIKey
    attempt_id: str


@dataclass(frozen=True, slots=True)
class TimerDue(Event):
    """The time of a retry, a reschedule or a deferral's end has come, or that of a date bound."""

    key: TIKey


@dataclass(frozen=True, slots=True)
class TriggerFired(Event):
    """A deferred task instance's trigger fired, or failed."""

    key: TIKey
    attempt_id: str
    """The attempt that was deferred: a later deferral is none of this trigger's business."""
    next_method: str
    next_kwargs: dict[str, Any]
    state: TaskInstanceState | None = None
    """Set when the trigger ends the task itself."""


@dataclass(frozen=True, slots=True)
class Continued(Event):
    """An earlier step was full and left something: it is looked at now (see ``RunCore.pace``).

    Until nothing is left, other events' steps only add to it.
    """


@dataclass(frozen=True, slots=True)
class PastChanged(Event):
    """The previous run's instance of a depends_on_past task changed state."""

    task_id: str
    satisfied: bool


@dataclass(frozen=True, slots=True)
class Cleared(Event):
    """A user asked to run these again; running ones are cancelled and restart."""

    keys: tuple[TIKey, ...]
    reset_run: bool = True
    """Put the run back to queued when it was done."""
    by: str = ""


@dataclass(frozen=True, slots=True)
class Marked(Event):
    """A user set these to success, failed or skipped."""

    keys: tuple[TIKey, ...]
    state: TaskInstanceState
    by: str = ""


@dataclass(frozen=True, slots=True)
class Deleted(Event):
    """A user deleted these; a run that goes on has them anew, without their history."""

    keys: tuple[TIKey, ...]
    by: str = ""


@dataclass(frozen=True, slots=True)
class RunMarked(Event):
    """A user set the run's state; success or failed settles its unfinished task instances."""

    state: DagRunState
    by: str = ""


@dataclass(frozen=True, slots=True)
class RunTimedOut(Event):
    """dagrun_timeout passed."""


@dataclass(frozen=True, slots=True)
class PlanChanged(Event):
    """A new DAG version: the run goes on with this plan."""

    plan: Any = field(repr=False)  # DagPlan; typed Any to keep this module free of imports
