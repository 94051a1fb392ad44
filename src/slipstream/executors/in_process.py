"""Runs attempts in the calling process, one at a time, for people who debug: ``dag.test()``.

A breakpoint in a task stops here, with the terminal as its input; what tasks print is on the
console. The store is told what a worker host would tell it, so the scheduler sees no difference.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from slipstream.attempt import Outcome, Workload
from slipstream.clock import Clock, SystemClock
from slipstream.executors.base import (
    AttemptFinished,
    AttemptStarted,
    CallbackDone,
    Capabilities,
    ExecutorEvent,
)
from slipstream.sdk import taskapi
from slipstream.sdk.dag import DAG
from slipstream.sdk.taskapi import TaskAPI, error_named
from slipstream.state import TaskInstanceState
from slipstream.store import Connection, Store, job
from slipstream.task import run
from slipstream.worker.direct import DirectTaskAPI
from slipstream.worker.task_api import Batch, RequestRefused, Start

log = logging.getLogger("task")

_HEARTBEAT_S = 5.0


class InProcessExecutor:
    """Runs the tasks and callbacks of one DAG object where ``events`` is called."""

    trouble = None

    def __init__(self, store: Store, dag: DAG, clock: Clock | None = None) -> None:
        self.name = "InProcessExecutor"
        self.capabilities = Capabilities(is_remote=False, slots=1)
        self._store = store
        self._dag = dag
        self._clock = clock or SystemClock()
        self._queue: deque[Workload] = deque()
        self._events: list[ExecutorEvent] = []
        # Readable while there is something to do: a scheduler that waits must call ``events``.
        self._fd = os.eventfd(0, os.EFD_NONBLOCK)
        self._over = threading.Event()
        self._api: DirectTaskAPI

    def start(self, scheduler_id: str) -> None:
        """Register as a worker host, and keep both registrations alive while a task is debugged."""
        self._api = DirectTaskAPI(
            self._store, self._clock, executor=self.name, scheduler_id=scheduler_id
        )
        ids = [scheduler_id, self._api.host_id]
        threading.Thread(target=self._stay_alive, args=(ids,), daemon=True).start()

    def _stay_alive(self, job_ids: list[str]) -> None:
        while not self._over.wait(_HEARTBEAT_S):
            self._store.write(job.heartbeat, job_ids, self._clock.now())

    def fileno(self) -> int:
        return self._fd

    def submit(self, workloads: Sequence[Workload]) -> None:
        self._queue += workloads
        if workloads:
            os.eventfd_write(self._fd, 1)

    def events(self) -> list[ExecutorEvent]:
        """Run what comes next, to its end, and tell of it."""
        if self._queue:
            self._run(self._queue.popleft())
        elif self._fd >= 0:
            try:
                os.eventfd_read(self._fd)
            except BlockingIOError:
                return []  # nothing was submitted since
        events, self._events = self._events, []
        return events

    def cancel(self, reasons: Mapping[str, str]) -> None:
        """Drop what waits; what runs is done before anybody can call this."""
        self._queue = deque(w for w in self._queue if w.attempt_id not in reasons)

    def heard(self, attempt_ids: Sequence[str]) -> None:
        """Nothing to do: its own events tell of these."""

    def adopt(self, attempt_ids: Sequence[str]) -> set[str]:
        waiting = {w.attempt_id for w in self._queue}
        return {id_ for id_ in attempt_ids if id_ in waiting}

    def stop(self, deadline_s: float) -> None:
        self._over.set()
        self._queue.clear()
        self._store.write(self._end)
        os.close(self._fd)
        self._fd = -1

    def _end(self, conn: Connection) -> None:
        job.end(conn, self._api.host_id, "success", self._clock.now())

    def _run(self, workload: Workload) -> None:
        now = self._clock.now()
        before = taskapi.use(_Requests(self._api, workload.to_json()))
        try:
            with _own_sigterm():
                if workload.kind == "task":
                    self._run_task(workload, now)
                else:
                    self._run_callback(workload, now)
        finally:
            taskapi.use(before)

    def _run_task(self, workload: Workload, now: datetime) -> None:
        attempt_id = workload.attempt_id
        start = Start(attempt_id, os.getpid(), now, clears=_place_to_clear(workload))
        if attempt_id not in self._api.commit(Batch(starts=[start])).started:
            return
        self._events.append(AttemptStarted(attempt_id, now, self._api.hostname, os.getpid()))
        task_run = None
        try:
            task_run = run.TaskRun(workload, self._dag, now)
            outcome = task_run.run()
        except Exception as exc:
            log.exception("The task could not be run")
            outcome = Outcome(
                attempt_id=attempt_id, state=TaskInstanceState.FAILED, error=run.one_line(exc)
            )
        outcome.started_at, outcome.ended_at = now, self._clock.now()
        if attempt_id in self._api.commit(Batch(finishes=[outcome])).finished:
            self._events.append(AttemptFinished(attempt_id, outcome))
        if task_run is not None:
            task_run.run_callbacks()

    def _run_callback(self, workload: Workload, now: datetime) -> None:
        call = run.run_task_callback if workload.kind == "task_callback" else run.run_dag_callback
        error = None
        try:
            call(workload, self._dag, now)
        except Exception as exc:
            log.exception("The callback could not be run")
            error = run.one_line(exc)
        self._events.append(CallbackDone(workload.attempt_id, error is None, error))


class _Requests(TaskAPI):
    def __init__(self, api: DirectTaskAPI, caller: dict[str, Any]) -> None:
        self._api, self._caller = api, caller

    def request(self, method: str, params: dict[str, Any]) -> Any:
        try:
            return self._api.request(self._caller, method, params)
        except RequestRefused as error:
            raise error_named(error.kind, str(error)) from error


def _place_to_clear(workload: Workload) -> tuple[int, str, int] | None:
    """Return where an earlier try may have left XComs, unless this one goes on with its work."""
    if workload.try_number < 2 or workload.next_method or workload.reschedule_count:
        return None
    return workload.dag_run_pk, workload.task_id, workload.map_index


@contextmanager
def _own_sigterm() -> Iterator[None]:
    """Give SIGTERM back to whom it belongs: while a task runs it is the task's."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
