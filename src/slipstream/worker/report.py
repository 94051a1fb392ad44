"""What the host has to tell: to the store in batches, to the executor in events.

An event about a start or a finish is sent only after its commit; a finish that the store
refused is told as ``dropped``, so that the executor forgets the attempt and nobody applies it.

Events, host to executor, as JSON objects whose ``e`` names them::

    started       {attempt_id, started_at, hostname, pid}
    finished      {outcome}            without XComs and rendered fields: the store has them
    handed_back   {attempt_id}         it never began here
    dropped       {attempt_id}         the store knows it as no longer current
    callback_done {attempt_id, ok, error}
"""

from __future__ import annotations

from typing import Any

from slipstream.attempt import Outcome
from slipstream.worker.execution import Execution
from slipstream.worker.task_api import Batch, CallbackEnd, Committed

Event = dict[str, Any]

_STORE_ONLY = ("xcoms", "rendered_fields", "token")


class Reporter:
    """Collects a turn's writes and events; the host hands both over at the turn's end."""

    def __init__(self, hostname: str) -> None:
        self._hostname = hostname
        self.batch = Batch()
        self.events: list[Event] = []

    def take_batch(self) -> Batch:
        """Return what is to be written, and begin anew."""
        batch, self.batch = self.batch, Batch()
        return batch

    @property
    def has_only_starts(self) -> bool:
        """Whether nothing is to be told but that attempts have begun."""
        return all(event["e"] == "started" for event in self.events)

    def take_events(self) -> list[Event]:
        """Return the events to be sent, and begin anew."""
        events, self.events = self.events, []
        return events

    def started(self, execution: Execution) -> None:
        started_at, process = execution.started_at, execution.process
        self.events.append(
            {
                "e": "started",
                "attempt_id": execution.attempt_id,
                "started_at": started_at.isoformat() if started_at else None,
                "hostname": self._hostname,
                "pid": process.pid if process else None,
            }
        )

    def finished(self, outcomes: list[Outcome], committed: Committed) -> None:
        """Tell about the finishes of a committed batch."""
        for outcome in outcomes:
            if outcome.attempt_id in committed.finished:
                told = outcome.to_json()
                for name in _STORE_ONLY:
                    told.pop(name, None)
                self.events.append({"e": "finished", "outcome": told})
            else:
                self.dropped(outcome.attempt_id)

    def dropped(self, attempt_id: str) -> None:
        self.events.append({"e": "dropped", "attempt_id": attempt_id})

    def handed_back(self, execution: Execution) -> None:
        self.events.append({"e": "handed_back", "attempt_id": execution.attempt_id})

    def callback_done(self, execution: Execution, ok: bool, error: str | None = None) -> None:
        """Tell the launcher, and the store in case that the scheduler hears from there."""
        self.batch.callbacks.append(
            CallbackEnd(execution.attempt_id, ok, error, execution.workload.get("token"))
        )
        self.events.append(
            {"e": "callback_done", "attempt_id": execution.attempt_id, "ok": ok, "error": error}
        )
