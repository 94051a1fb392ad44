"""The task API of a host beside the database: every call is a function of the store.

With ``request``, the only modules of the worker that know the store.
"""

from __future__ import annotations

import socket
from typing import Any

from slipstream.attempt import Outcome
from slipstream.clock import Clock
from slipstream.errors import StoreUnavailable
from slipstream.store import Store, attempt, inbox, job, xcom
from slipstream.store.attempt import AttemptStart
from slipstream.store.later import Later
from slipstream.worker import request
from slipstream.worker.task_api import ApiUnavailable, Batch, Caller, Committed

JOB_TYPE = "WorkerHost"


class DirectTaskAPI:
    """``TaskAPI`` on a store. Creating one registers this process as a worker host."""

    def __init__(
        self, store: Store, clock: Clock, *, executor: str, scheduler_id: str | None
    ) -> None:
        self._store = store
        self._clock = clock
        self.hostname = socket.gethostname()
        self.host_id = store.write(
            lambda conn: job.register(
                conn, job_type=JOB_TYPE, now=clock.now(), executor=executor, parent_id=scheduler_id
            )
        )

    def commit(self, batch: Batch, *, notify: bool = False) -> Committed:
        """Write the batch; see ``TaskAPI.commit``."""
        try:
            committed = self._store.write(self._write, batch, notify)
        except StoreUnavailable as exc:
            raise ApiUnavailable(str(exc)) from exc
        if notify and committed.finished:
            self._store.wake("scheduler")
        return committed

    def _write(self, conn: Any, batch: Batch, notify: bool) -> Later[Committed]:
        started: Later[set[str]] = Later(set)
        finished: Later[set[str]] = Later(set)
        is_alive = True
        if batch.starts:
            started = attempt.start(
                conn,
                [
                    AttemptStart(s.attempt_id, self.host_id, self.hostname, s.pid, s.started_at)
                    for s in batch.starts
                ],
            )
            for start in batch.starts:
                if start.clears is not None and start.attempt_id in started.read():
                    pk, task_id, map_index = start.clears
                    xcom.delete(conn, pk, task_id, map_index=map_index)
        if batch.rendered:
            attempt.save_rendered_fields(conn, batch.rendered)
        if batch.finishes:
            finished = attempt.finish(conn, batch.finishes)
            if notify and finished.read():
                self._tell_scheduler(conn, batch.finishes, finished.read())
        if batch.heartbeat:
            is_alive = self.host_id in job.heartbeat(conn, [self.host_id], self._clock.now())
        return Later(
            lambda: Committed(frozenset(started.read()), frozenset(finished.read()), is_alive)
        )

    def _tell_scheduler(self, conn: Any, outcomes: list[Outcome], finished: set[str]) -> None:
        ids = [o.attempt_id for o in outcomes if o.attempt_id in finished]
        inbox.post(
            conn,
            target="scheduler",
            kind="attempts_done",
            payload={"ids": ids},
            now=self._clock.now(),
        )

    def request(self, caller: Caller, method: str, params: dict[str, Any]) -> Any:
        """Answer a task's request; see ``TaskAPI.request``."""
        try:
            return request.answer(self._store, self._clock, caller, method, params)
        except StoreUnavailable as exc:
            raise ApiUnavailable(str(exc)) from exc

    def close(self, *, ok: bool) -> None:
        """End the host's job row."""
        state = "success" if ok else "failed"
        self._store.write(lambda conn: job.end(conn, self.host_id, state, self._clock.now()))
        self._store.close()
