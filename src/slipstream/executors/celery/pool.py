"""A Celery pool without processes or threads of its own: attempts go to a worker host.

The host is one process, started by exec; it forks, supervises and reports, and knows nothing of
Celery. Here is only what lies between the two: which message holds which attempt, and what becomes
of the message. It is acknowledged when the store has the outcome, or does not want it; what the
host gives back goes back into the queue.

Messages come twice (a lapsed visibility timeout, a lost connection). A copy of an attempt that is
here already is acknowledged at once, unless its own message was lost with the connection: then the
copy takes its place.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from celery.concurrency.base import BasePool
from kombu.asynchronous import READ, Hub

from slipstream.executors.linked_host import Event, LinkedHost, Restarts, Taking, in_words
from slipstream.worker.address import execution_api_url
from slipstream.worker.link import Link

log = logging.getLogger(__name__)

COLD_STOP_S = 4.0
"""In how long a cold shutdown ends what runs; half of it is the tasks' own to end by themselves."""
_END_GRACE_S = 1.0
_FLUSH_S = 0.01
_NAME = "CeleryExecutor"


class Carried:
    """An attempt that the host has."""

    __slots__ = ("accept", "attempt_id", "done", "fail", "is_unwanted", "pool")

    def __init__(self, pool: HostPool, attempt_id: str) -> None:
        self.pool = pool
        self.attempt_id = attempt_id
        self.is_unwanted = False
        self.accept: Callable[[int, float], None] | None = None
        self.done: Callable[[], None] | None = None
        """Acknowledges the message; None when it was lost with its connection."""
        self.fail: Callable[[], None] | None = None
        """Puts the message back into its queue."""

    def end(self, why: str) -> None:
        """End the attempt."""
        self.is_unwanted = True
        self.pool.cancel(self.attempt_id, why)


class HostPool(BasePool):
    """The pool that ``slipstream celery worker`` runs with."""

    def __init__(self, limit: int, **options: Any) -> None:
        super().__init__(max(1, limit), **options)
        self._carried: dict[str, Carried] = {}
        self._workloads: dict[str, dict[str, Any]] = {}
        """What the host has not begun, for the next one should it die."""
        self._host: LinkedHost | None = None
        self._restarts = Restarts()
        self.taking = Taking()
        self.on_taking: Callable[[], None] = lambda: None
        """Called, in the event loop, when ``taking`` has changed."""
        self._started_at = 0.0
        self._restart_at: float | None = None
        self._hub: Hub | None = None
        self._flushes = False
        self._is_stopping = False
        self._trouble: Exception | None = None
        """What the broker has refused of a turn's acknowledgements."""

    # Celery's side

    def on_start(self) -> None:
        self._start_host()

    def register_with_event_loop(self, hub: Hub) -> None:
        self._hub = hub
        self._flushes = False
        if self._link is not None:
            self._listen(self._link)
        hub.call_repeatedly(1.0, self.maintain_pool)

    def has(self, attempt_id: str) -> bool:
        """Say whether another message for this attempt is here and is yet to be acknowledged."""
        carried = self._carried.get(attempt_id)
        return carried is not None and carried.done is not None

    def take(
        self,
        workload: dict[str, Any],
        accept: Callable[[int, float], None],
        done: Callable[[], None],
        fail: Callable[[], None],
    ) -> Carried:
        """Hand an attempt to the host, which may be at it since before the connection was lost."""
        attempt_id = workload["attempt_id"]
        carried = self._carried.get(attempt_id)
        is_new = carried is None
        if carried is None:
            carried = self._carried[attempt_id] = Carried(self, attempt_id)
        carried.accept, carried.done, carried.fail = accept, done, fail
        if is_new:
            self._workloads[attempt_id] = workload
            self._send({"m": "submit", "workloads": [workload]})
            if self.taking.is_known and not self.taking.is_on:
                self._send({"m": "give_back"})  # it was on its way
        elif attempt_id not in self._workloads:
            accept(os.getpid(), time.monotonic())
        return carried

    def cancel(self, attempt_id: str, why: str) -> None:
        """End an attempt; one that has not begun comes back."""
        self._send({"m": "cancel", "reasons": {attempt_id: why}})

    def flush(self) -> None:
        """Nothing to do: Celery says so before a shutdown, too, when messages can be acknowledged."""

    def forget_messages(self) -> None:
        """The connection is lost, and with it the messages; what runs goes on."""
        for carried in self._carried.values():
            carried.accept = carried.done = carried.fail = None

    def grow(self, n: int = 1) -> None:
        self._resize(self.limit + n)

    def shrink(self, n: int = 1) -> None:
        self._resize(max(1, self.limit - n))

    def _resize(self, n_slots: int) -> None:
        self.limit = n_slots
        self._send({"m": "grow", "slots": n_slots})

    def maintain_pool(self, *args: Any, **kwargs: Any) -> None:
        """Start another host when one has died."""
        if self._restart_at is not None and time.monotonic() >= self._restart_at:
            self._restart_at = None
            self._start_host()

    def poll(self) -> None:
        """Do what the event loop would, while there is none: Celery is waiting for its broker."""
        if self._link is not None:
            self._on_link()
        self.maintain_pool()

    def _get_info(self) -> dict[str, Any]:
        info: dict[str, Any] = super()._get_info()
        host = self._host
        return {
            **info,
            "processes": [] if host is None else [host.pid],
            "carried": len(self._carried),
        }

    # Stopping

    def on_stop(self) -> None:
        """Warm: what waits goes back into its queue, and what runs is waited for."""
        self._stop(None)

    def on_terminate(self) -> None:
        """Cold: what runs is given a moment, and then killed."""
        self._stop(COLD_STOP_S)

    def _stop(self, deadline_s: float | None) -> None:
        # Here, because the module holds the flag as a global that signal handlers set.
        from celery.worker import state

        self._restart_at = None
        self._is_stopping = True
        if self._link is not None:
            self._listen(self._link)  # Celery has emptied its loop if that ended with an error
        self._send({"m": "stop", "deadline_s": deadline_s})
        ends_at = None if deadline_s is None else time.monotonic() + deadline_s + _END_GRACE_S
        while self._link is not None and (ends_at is None or time.monotonic() < ends_at):
            if ends_at is None and state.should_terminate is not None:
                log.warning("cold shutdown: what runs is ended now")
                ends_at = time.monotonic() + COLD_STOP_S + _END_GRACE_S
                self._send({"m": "stop", "deadline_s": COLD_STOP_S})
            self._turn()
        if self._host is not None:
            self._host.end(0.0 if self._link is not None else _END_GRACE_S)

    def _turn(self) -> None:
        """Let the event loop turn once: acknowledgements and the broker's heartbeats go on."""
        hub, link = self._hub, self._link
        if hub is not None:
            try:
                hub.run_once()
                return
            except Exception as exc:
                log.warning("the broker is gone: %s", exc)
                self._hub = None
                self.forget_messages()
                with suppress(Exception):
                    hub.reset()
        assert link is not None
        time.sleep(0.05)
        self._on_link()

    # The host's side

    @property
    def _link(self) -> Link | None:
        return None if self._host is None or not self._host.link.is_open else self._host.link

    def _start_host(self) -> None:
        words = ["--slots", str(self.limit), "--executor", _NAME, "--api", execution_api_url()]
        self._host = LinkedHost([*words, *self._queues()])
        self._started_at = time.monotonic()
        self._listen(self._host.link)
        if self._workloads:
            self._send({"m": "submit", "workloads": list(self._workloads.values())})

    def _queues(self) -> list[str]:
        return ["--queues", ",".join(self.app.amqp.queues.consume_from)]

    def _listen(self, link: Link) -> None:
        if self._hub is not None:
            self._hub.add(link.fileno(), self._on_link, READ)

    def _send(self, message: dict[str, Any]) -> None:
        link = self._link
        if link is not None and not link.send(message):
            self._flush_later()

    def _flush_later(self) -> None:
        """Send the rest soon: Celery's event loop cannot wait for reading and writing alike."""
        if self._hub is not None and not self._flushes:
            self._flushes = True
            self._hub.call_later(_FLUSH_S, self._flush_link)

    def _flush_link(self) -> None:
        self._flushes = False
        link = self._link
        if link is not None and not link.flush():
            self._flush_later()

    def _on_link(self) -> None:
        host = self._host
        if host is None:
            return
        news = host.news()
        if news.api is not None:
            if self.taking.heard(news.api) and self._hub is not None:
                # Not from here: it may fail with the broker's connection, and the rest would be lost.
                self._hub.call_soon(self._on_taking)
            if not self.taking.is_on:
                self._send({"m": "give_back"})  # a new host has got what the last one had not begun
        for event in news.events:
            self._on_event(event)
        if not host.link.is_open:
            self._on_death(host)
        if self._trouble is not None:
            trouble, self._trouble = self._trouble, None
            raise trouble  # the consumer connects anew

    def _settle(self, settle: Callable[[], None] | None) -> None:
        """Tell the broker what became of a message; what it refuses is raised when all news is heard."""
        if settle is None:
            return
        try:
            settle()
        except Exception as exc:
            self._trouble = exc

    def _on_taking(self) -> None:
        if not self._is_stopping:
            self.on_taking()

    def _on_event(self, event: Event) -> None:
        attempt_id = event.attempt_id
        if event.is_start:
            self._on_started(attempt_id)
            return
        self._workloads.pop(attempt_id, None)
        carried = self._carried.pop(attempt_id, None)
        if carried is None:
            return
        is_back = event.is_back and not carried.is_unwanted
        self._settle(carried.fail if is_back else carried.done)

    def _on_started(self, attempt_id: str) -> None:
        self._workloads.pop(attempt_id, None)
        carried = self._carried.get(attempt_id)
        if carried is not None and carried.accept is not None:
            carried.accept(self._host.pid if self._host else os.getpid(), time.monotonic())

    def _on_death(self, host: LinkedHost) -> None:
        """What it had begun is its lease's matter; what it had not goes to the next one."""
        if self._hub is not None:
            with suppress(OSError, KeyError, ValueError):
                self._hub.remove(host.link.fileno())
        host.link.close()
        code = host.wait()
        self._host = None
        for attempt_id in [id_ for id_ in self._carried if id_ not in self._workloads]:
            self._settle(self._carried.pop(attempt_id).done)
        if self._is_stopping:
            return
        log.error("the worker host (pid %d) ended with %s", host.pid, in_words(code))
        self._restart_at = time.monotonic() + self._restarts.delay_s(
            time.monotonic() - self._started_at
        )
        self.maintain_pool()
