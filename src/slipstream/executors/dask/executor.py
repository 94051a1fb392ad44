"""The executor in the scheduler: hands attempts to the courier and forgets what has begun.

What became of an attempt is heard from the store, not from Dask: its results are never gathered.
"""

from __future__ import annotations

import importlib.util
import os
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from slipstream.attempt import Workload
from slipstream.clock import Clock, SystemClock
from slipstream.executors.base import AttemptHandedBack, Capabilities, ExecutorEvent, Trouble
from slipstream.executors.dask import target
from slipstream.executors.dask.courier import Courier

if importlib.util.find_spec("distributed") is None:
    raise ModuleNotFoundError("No module named 'distributed'", name="distributed")

_CLOSE_S = 1.0


class DaskExecutor:
    """Carries attempts to the workers of a Dask cluster."""

    def __init__(
        self, name: str = "DaskExecutor", *, clock: Clock | None = None, **hosts: Any
    ) -> None:
        """``hosts`` is for executors that start worker hosts; here the workers do."""
        self.name = name
        self.capabilities = Capabilities(is_remote=True, slots=None)
        self._target = target.configured()
        self._courier = Courier(clock or SystemClock(), self._tell)
        self._events: deque[ExecutorEvent] = deque()
        self._ready = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._thread = threading.Thread(target=self._run, name="dask-client", daemon=True)

    def _run(self) -> None:
        # Here, because Dask is imported in its own thread and only once there is one.
        from slipstream.executors.dask.client import run

        run(self._courier, self._target)

    def _tell(self, event: ExecutorEvent) -> None:
        self._events.append(event)
        os.eventfd_write(self._ready, 1)

    def start(self, scheduler_id: str) -> None:
        self._thread.start()

    def fileno(self) -> int:
        return self._ready

    def submit(self, workloads: Sequence[Workload]) -> None:
        self._courier.add(workloads)

    @property
    def trouble(self) -> Trouble | None:
        """Why the cluster takes nothing."""
        return self._courier.trouble

    def events(self) -> list[ExecutorEvent]:
        with suppress(BlockingIOError):
            os.eventfd_read(self._ready)  # before taking them: one that is told meanwhile wakes us
        taken = []
        while self._events:
            taken.append(self._events.popleft())
        return taken

    def heard(self, attempt_ids: Sequence[str]) -> None:
        self._courier.heard(attempt_ids)

    def cancel(self, reasons: Mapping[str, str]) -> None:
        """Have the workers end these attempts; also by the heartbeat of the host that runs one."""
        if reasons:
            for attempt_id in self._courier.end(reasons):
                self._tell(AttemptHandedBack(attempt_id))

    def adopt(self, attempt_ids: Sequence[str]) -> set[str]:
        """Return those that this executor has; another scheduler's left Dask with its client."""
        return self._courier.known(attempt_ids)

    def stop(self, deadline_s: float) -> None:
        """Leave the cluster, whose workers go on with what they have; an embedded one ends."""
        self._courier.stop(max(0.0, deadline_s - _CLOSE_S))
        if self._thread.is_alive():
            self._thread.join(deadline_s)
