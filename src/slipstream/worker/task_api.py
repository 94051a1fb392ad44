"""The port through which a worker host reaches the metadata store.

A host near the database has ``slipstream.worker.direct``; a remote one speaks HTTP to the API
server (``slipstream.worker.http``). The host itself knows neither, and nothing here decides what an
outcome means.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from slipstream.attempt import Outcome
from slipstream.errors import SlipstreamError

VERSION = 1
"""Of the execution API's protocol; in its paths and in each request's header."""
VERSION_HEADER = "Slipstream-Execution-Version"


class ApiUnavailable(SlipstreamError):
    """The store cannot be reached now; the same call may succeed later."""


class TurnedAway(SlipstreamError):
    """The API server will have nothing to do with this host; the message says what to do."""


class OtherVersion(TurnedAway):
    """It speaks another version of the protocol, in which each attempt can still be refused."""


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
    token: str | None = None
    is_guess: bool = False
    """``started_at`` is by this machine's clock, which nobody had compared with the database's."""


@dataclass(frozen=True, slots=True)
class CallbackEnd:
    """How a callback request ended."""

    id: str
    ok: bool
    error: str | None = None
    token: str | None = None


@dataclass(slots=True)
class Batch:
    """What one transaction writes. Starts come before finishes, and the heartbeat comes last."""

    starts: list[Start] = field(default_factory=list)
    finishes: list[Outcome] = field(default_factory=list)
    heartbeat: bool = False
    running: Mapping[str, str | None] = field(default_factory=dict)
    """With a heartbeat: the attempts that run here, each with its token."""
    callback_starts: list[Start] = field(default_factory=list)
    """The same for callbacks; ``attempt_id`` is the request's."""
    callbacks: list[CallbackEnd] = field(default_factory=list)
    rendered: list[Rendered] = field(default_factory=list)
    """Of attempts that run for a while; else they come with the finish."""

    def __bool__(self) -> bool:
        return bool(
            self.starts
            or self.finishes
            or self.heartbeat
            or self.callback_starts
            or self.callbacks
            or self.rendered
        )

    def extend(self, other: Batch) -> None:
        """Take in a later batch."""
        self.starts += other.starts
        self.finishes += other.finishes
        self.callback_starts += other.callback_starts
        self.callbacks += other.callbacks
        self.rendered += other.rendered
        if other.heartbeat:
            self.heartbeat, self.running = True, other.running


@dataclass(frozen=True, slots=True)
class Committed:
    """Which attempt ids of a batch the store accepted; it refused the others."""

    started: frozenset[str] = frozenset()
    finished: frozenset[str] = frozenset()
    refused: Mapping[str, str] = field(default_factory=dict)
    """Why, for those that were refused for another reason than that they are not current.

    An attempt that is ``finished``, too, has failed: the outcome that it reported cannot be saved.
    """
    cancel: frozenset[str] = frozenset()
    """Of the running attempts, those whose processes must end: nobody wants their outcomes."""
    tokens: Mapping[str, str] = field(default_factory=dict)
    """New tokens of attempts, to be used from now on."""
    is_alive: bool = True
    """False when the store has declared this host dead: others have taken over its attempts."""


Caller = dict[str, Any]
"""The workload (JSON form) on whose behalf a request is made."""


class TaskAPI(Protocol):
    """What a worker host asks of the store. Calls block; the host makes them in threads."""

    host_id: str
    hostname: str
    heartbeat_s: float | None
    """How often the store wants to hear of the host; None: as often as the host is told."""

    def commit(self, batch: Batch, *, notify: bool = False) -> Committed:
        """Write a batch in one transaction.

        ``notify`` leaves the scheduler a message about what changed, for when no socket leads
        to it; a remote host's batches always do. Raises ApiUnavailable when trying again makes
        sense, TurnedAway when it never will.
        """
        ...

    def refuse(self, attempt_id: str, token: str | None, reason: str) -> None:
        """Fail an attempt that this host can never start, so that people read why.

        Raises ApiUnavailable or TurnedAway.
        """
        ...

    def request(self, caller: Caller, method: str, params: dict[str, Any]) -> Any:
        """Answer a task's request; raises RequestRefused or ApiUnavailable."""
        ...

    def watch(self, tell: Callable[[bool, str], None]) -> None:
        """Have told, from a thread, whether the store can be reached, and why not; each change once.

        Nothing is told of a store that the host's launcher sees for itself.
        """
        ...

    def close(self, *, ok: bool) -> None:
        """End the host's registration."""
        ...
