"""The task API of a host beside the database: every call is a function of the store.

With ``commit`` and ``request``, the only modules of the worker that know the store.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from slipstream.clock import Clock
from slipstream.config.host import hostname
from slipstream.errors import StoreUnavailable
from slipstream.store import Store, job
from slipstream.store.later import Later
from slipstream.worker import commit, request
from slipstream.worker.task_api import ApiUnavailable, Batch, Caller, Committed

JOB_TYPE = "WorkerHost"


class DirectTaskAPI:
    """``TaskAPI`` on a store. Creating one registers this process as a worker host."""

    heartbeat_s: float | None = None

    def __init__(
        self, store: Store, clock: Clock, *, executor: str, scheduler_id: str | None
    ) -> None:
        self._store = store
        self._clock = clock
        self.hostname = hostname()
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
        if notify and (committed.started or committed.finished or batch.callbacks):
            self._store.wake(commit.SCHEDULER)
        return committed

    def _write(self, conn: Any, batch: Batch, notify: bool) -> Later[Committed]:
        now = self._clock.now()
        return commit.write(conn, self.host_id, self.hostname, batch, now, tell=notify)

    def refuse(self, attempt_id: str, token: str | None, reason: str) -> None:
        """Fail an attempt that cannot be started; see ``TaskAPI.refuse``."""
        now = self._clock.now()
        try:
            refused = self._store.write(lambda conn: commit.refuse(conn, {attempt_id: reason}, now))
        except StoreUnavailable as exc:
            raise ApiUnavailable(str(exc)) from exc
        if refused:
            self._store.wake(commit.SCHEDULER)

    def request(self, caller: Caller, method: str, params: dict[str, Any]) -> Any:
        """Answer a task's request; see ``TaskAPI.request``."""
        try:
            return request.answer(self._store, self._clock, caller, method, params)
        except StoreUnavailable as exc:
            raise ApiUnavailable(str(exc)) from exc

    def watch(self, tell: Callable[[bool, str], None]) -> None:
        """Tell nothing: the scheduler that started this host sees its database itself."""

    def close(self, *, ok: bool) -> None:
        """End the host's job row."""
        state = "success" if ok else "failed"
        self._store.write(lambda conn: job.end(conn, self.host_id, state, self._clock.now()))
        self._store.close()
