"""The executor in the scheduler: hands attempts to the publisher and forgets what has begun.

What became of an attempt is heard from the store, not from Celery: there is no result backend.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from slipstream.attempt import Workload
from slipstream.clock import Clock, SystemClock
from slipstream.config import conf
from slipstream.executors.base import AttemptHandedBack, Capabilities, ExecutorEvent, Trouble
from slipstream.executors.celery.app import create_app
from slipstream.executors.celery.broker import Broker
from slipstream.executors.celery.message import envelope
from slipstream.executors.celery.publisher import Publisher


class CeleryExecutor:
    """Carries attempts to Celery workers."""

    def __init__(
        self, name: str = "CeleryExecutor", *, clock: Clock | None = None, **hosts: Any
    ) -> None:
        """``hosts`` is for executors that start worker hosts; here the workers do."""
        self.name = name
        self.capabilities = Capabilities(is_remote=True, slots=None)
        timeout_s = conf.getfloat("celery", "operation_timeout")
        self._broker = Broker(create_app(), timeout_s=timeout_s)
        self._publisher = Publisher(self._broker, clock or SystemClock())
        self._events: list[ExecutorEvent] = []
        self._ready = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._orphans: set[str] = set()
        """Attempts of a scheduler before this one that may still be in the broker."""

    def start(self, scheduler_id: str) -> None:
        self._publisher.start()

    def fileno(self) -> int:
        return self._ready

    def submit(self, workloads: Sequence[Workload]) -> None:
        self._publisher.add(
            (envelope(workload), workload.attempt_id in self._orphans) for workload in workloads
        )
        if self._orphans:
            self._orphans.difference_update(w.attempt_id for w in workloads)

    @property
    def trouble(self) -> Trouble | None:
        """Why the broker takes nothing."""
        return self._publisher.trouble

    def events(self) -> list[ExecutorEvent]:
        if not self._events:
            return []
        os.eventfd_read(self._ready)
        events, self._events = self._events, []
        return events

    def heard(self, attempt_ids: Sequence[str]) -> None:
        self._publisher.heard(attempt_ids)

    def cancel(self, reasons: Mapping[str, str]) -> None:
        """Have the workers end these attempts; also by the heartbeat of the host that runs one."""
        if not reasons:
            return
        never_begun = self._publisher.end(reasons)
        if never_begun:
            self._events += [AttemptHandedBack(id_) for id_ in never_begun]
            os.eventfd_write(self._ready, 1)

    def adopt(self, attempt_ids: Sequence[str]) -> set[str]:
        """Return those that this executor has; another scheduler's are submitted again.

        Those are in the broker, as a rule: they are only published if they turn out not to be.
        """
        known = self._publisher.known(attempt_ids)
        self._orphans = set(attempt_ids) - known
        return known

    def stop(self, deadline_s: float) -> None:
        """Publish what is left; the workers go on with what they have."""
        self._publisher.stop(deadline_s)
