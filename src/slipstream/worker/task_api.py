"""The port through which a worker host reaches the metadata store.

A host near the database has ``slipstream.worker.direct``; a remote one will speak HTTP. The host
itself knows neither, and nothing here decides what an outcome means.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from slipstream.attempt import Outcome
from slipstream.errors import SlipstreamError


class ApiUnavailable(SlipstreamError):
    """The store cannot be reached now; the same call may succeed later."""


class RequestRefused(SlipstreamError):
    """The store answered a task's request with no; ``kind`` names the error for the task."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


Place = tuple[int, str, int]
"""A task instance: ``dag_run.id``, task id, map index."""


Rendered = tuple[str, dict[str, Any]]
"""An attempt id, and what the templates of its task became."""


@dataclass(frozen=True, slots=True)
class Start:
    """An attempt whose process waits for leave to begin."""

    attempt_id: str
    pid: int
    started_at: datetime
    clears: Place | None = None
    """Whose XComs go with the start: what an earlier try of the task instance has pushed."""


@dataclass(slots=True)
class Batch:
    """What one transaction writes. Starts come before finishes."""

    starts: list[Start] = field(default_factory=list)
    finishes: list[Outcome] = field(default_factory=list)
    heartbeat: bool = False
    rendered: list[Rendered] = field(default_factory=list)
    """Of attempts that run for a while; else they come with the finish."""

    def __bool__(self) -> bool:
        return bool(self.starts or self.finishes or self.heartbeat or self.rendered)

    def extend(self, other: Batch) -> None:
        """Take in a later batch."""
        self.starts += other.starts
        self.finishes += other.finishes
        self.heartbeat |= other.heartbeat
        self.rendered += other.rendered


@dataclass(frozen=True, slots=True)
class Committed:
    """Which attempt ids of a batch the store accepted; it refused the others."""

    started: frozenset[str] = frozenset()
    finished: frozenset[str] = frozenset()
    is_alive: bool = True
    """False when the store has declared this host dead: others have taken over its attempts."""


Caller = dict[str, Any]
"""The workload (JSON form) on whose behalf a request is made."""


class TaskAPI(Protocol):
    """What a worker host asks of the store. Calls block; the host makes them in threads."""

    host_id: str
    hostname: str

    def commit(self, batch: Batch, *, notify: bool = False) -> Committed:
        """Write a batch in one transaction.

        ``notify`` leaves the scheduler a message about the finishes, for when no socket leads
        to it. Raises ApiUnavailable when nothing was written and trying again makes sense.
        """
        ...

    def request(self, caller: Caller, method: str, params: dict[str, Any]) -> Any:
        """Answer a task's request; raises RequestRefused or ApiUnavailable."""
        ...

    def close(self, *, ok: bool) -> None:
        """End the host's registration."""
        ...
