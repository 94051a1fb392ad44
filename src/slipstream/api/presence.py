"""The job of a process that answers workers: others see that it is there, and by which key it signs."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from slipstream.clock import Clock
from slipstream.command import signing
from slipstream.errors import StoreUnavailable
from slipstream.store import Connection, Store, job
from slipstream.store.job import API_SERVER_JOB_TYPE
from slipstream.token import configured_key_mark

log = logging.getLogger(__name__)


class Presence:
    """Registers this process, and keeps its heartbeat up in a thread."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._mark = configured_key_mark()
        self._id: str | None = None
        self._told = ""
        self._is_heard = False
        """The last heartbeat has arrived."""
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="presence", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """Say that this process is about to end."""
        self._ended.set()
        self._thread.join(1.0)
        # A database that was away a moment ago would only hold up the end.
        if self._is_heard and not self._thread.is_alive() and self._id is not None:
            with suppress(Exception):  # the heartbeat lapses then
                self._store.write(job.end, self._id, "success", self._clock.now())

    def _run(self) -> None:
        while True:
            self._is_heard = False
            try:
                self._beat()
                self._is_heard = True
            except StoreUnavailable as error:
                log.debug("no heartbeat now: %s", error)
            except Exception:
                log.exception("the API server's heartbeat failed")
            if self._ended.wait(signing.beat_s()):
                return

    def _beat(self) -> None:
        others = self._store.write(self._write)
        if others and others != self._told:
            log.error(
                "The scheduler (%s) has another signing key than this API server, which refuses all of "
                "its workers: [api_auth] jwt_secret and [execution_api] jwt_audience must be the same "
                "for all schedulers and API servers.",
                others,
            )
        self._told = others

    def _write(self, conn: Connection) -> str:
        now = self._clock.now()
        if self._id is None or not job.heartbeat(conn, [self._id], now):
            for dead in job.list_lapsed(conn, API_SERVER_JOB_TYPE, before=now - signing.lapse()):
                job.end(conn, dead.id, "failed", now)
            self._id = job.register(
                conn, job_type=API_SERVER_JOB_TYPE, now=now, key_mark=self._mark
            )
        return signing.other_schedulers(conn, self._mark, now)


@contextmanager
def present(store: Store, clock: Clock) -> Iterator[None]:
    """Be known as an API server meanwhile."""
    presence = Presence(store, clock)
    presence.start()
    try:
        yield
    finally:
        presence.end()
