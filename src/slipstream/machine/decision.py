"""What ``RunMachine.on`` decides: data that the scheduler writes and carries out."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from slipstream.machine.event import TIKey
from slipstream.state import DagRunState


@dataclass(slots=True)
class TaskInstanceChange:
    """New values of one ``task_instance`` row: column name to value; ``is_new`` inserts it."""

    key: TIKey
    values: dict[str, Any]
    is_new: bool = False


@dataclass(slots=True)
class StoryEvent:
    """A line of the task instance's story (``task_event``); ``key`` None is the run's own."""

    key: TIKey | None
    kind: str
    """The event's class name in snake case (``admitted``, ``finished``, ``cleared``, …)."""
    from_state: str | None
    to_state: str | None
    attempt_id: str | None = None
    detail: str | None = None
    """One sentence for people: why."""


@dataclass(slots=True)
class CallbackDue:
    """A callback that no task process will run: the run's, or a vanished task's."""

    kind: str
    """``dag_success``, ``dag_failure``, ``task_failure``, ``task_retry``."""
    key: TIKey | None
    reason: str


@dataclass(slots=True)
class Decision:
    """The sum of what one or more events changed."""

    changes: dict[TIKey, TaskInstanceChange] = field(default_factory=dict)
    story: list[StoryEvent] = field(default_factory=list)
    ready: list[TIKey] = field(default_factory=list)
    """Became ready for admission (state scheduled). In a merged decision some may have moved on
    since: look at their state before they are admitted."""
    cancel: dict[str, str] = field(default_factory=dict)
    """Attempt id -> why its process must end, in words that fit "it is ended because …"."""
    deleted: list[TIKey] = field(default_factory=list)
    """Rows to delete before anything else: a mapped task's summary row, once it is expanded."""
    forgotten: list[TIKey] = field(default_factory=list)
    """Instances that a person deleted: their rows, tries and XComs go before anything else."""
    closed: dict[str, str | None] = field(default_factory=dict)
    """Attempt id -> the task instance state its try ended in (for the try's history)."""
    timers: list[tuple[datetime, TIKey]] = field(default_factory=list)
    callbacks: list[CallbackDue] = field(default_factory=list)
    run: dict[str, Any] = field(default_factory=dict)
    """New values of the ``dag_run`` row."""
    run_state: DagRunState | None = None
    """Set when the run's state changed."""
    refused: str | None = None
    """Why the event was refused (a message about an attempt that is not current); else None."""

    def merge(self, later: Decision) -> None:
        """Take in what a later event of the same run decided, so that one write covers both.

        ``refused`` is an answer to one event and is not merged.
        """
        changes = self.changes
        for key in later.deleted:
            gone = changes.pop(key, None)
            if gone is None or not gone.is_new:
                self.deleted.append(key)
        for key in later.forgotten:
            changes.pop(key, None)
        self.forgotten += later.forgotten
        for key, change in later.changes.items():
            mine = changes.get(key)
            if mine is None:
                changes[key] = change
            else:
                mine.values.update(change.values)
        self.story += later.story
        self.ready += later.ready
        self.cancel.update(later.cancel)
        self.closed.update(later.closed)
        self.timers += later.timers
        self.callbacks += later.callbacks
        self.run.update(later.run)
        if later.run_state is not None:
            self.run_state = later.run_state

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write or do."""
        return not (
            self.changes
            or self.deleted
            or self.forgotten
            or self.story
            or self.cancel
            or self.closed
            or self.callbacks
            or self.run
        )
