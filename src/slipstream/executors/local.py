"""The Local executor: a worker host on this machine, a process of its own.

Owns the host's process: has it started, watches it by its socket, and has another started when it
dies. What the host does is its own business (``slipstream.worker``).
"""

from __future__ import annotations

import logging
import select
import socket
import subprocess
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from slipstream.attempt import Outcome, Workload
from slipstream.clock import Clock, SystemClock
from slipstream.config import conf
from slipstream.errors import ConfigError
from slipstream.executors.base import (
    AttemptFinished,
    AttemptHandedBack,
    AttemptLost,
    AttemptStarted,
    CallbackDone,
    Capabilities,
    ExecutorEvent,
)
from slipstream.executors.host import HostProcess, HostRefused, StartHost, by_exec
from slipstream.executors.linked_host import Restarts, in_words
from slipstream.worker import journal
from slipstream.worker.link import Link

log = logging.getLogger(__name__)

_STOP_GRACE_S = 1.0
_NO_LIMIT = 1_000_000
_RECOVERY_S = 5.0


class LocalExecutor:
    """Runs attempts in processes of this machine, ``[core] parallelism`` at a time."""

    trouble = None

    def __init__(
        self,
        name: str = "LocalExecutor",
        *,
        clock: Clock | None = None,
        start_host: StartHost = by_exec,
    ) -> None:
        self.name = name
        self.capabilities = Capabilities(is_remote=False, slots=self._n_slots())
        self._clock = clock or SystemClock()
        self._scheduler_id = ""
        # A descriptor that outlives hosts: the sockets come and go inside of it.
        self._epoll = select.epoll()
        self._link: Link | None = None
        self._start_process = start_host
        self._process: HostProcess | None = None
        self._host_started_at = 0.0
        self._restart_at: float | None = None
        self._restarts = Restarts()
        self._attempts: dict[str, Workload] = {}
        self._events: list[ExecutorEvent] = []
        self._recovering: set[str] = set()
        """Attempts whose outcomes a dead host had put on disk; the next one delivers them."""
        self._is_stopped = False
        self._waits_for_room = False

    def _n_slots(self) -> int | None:
        """Return ``[core] parallelism``; None for its 0, which means no limit."""
        n = conf.getint("core", "parallelism", fallback=32)
        if n < 0:
            raise ConfigError(
                f"[core] parallelism is {n}; allowed are 1 and more, or 0 for no limit"
            )
        return n or None

    def start(self, scheduler_id: str) -> None:
        """Start the host.

        When dead hosts have left outcomes on disk, waits a little until they are delivered, so
        that the scheduler does not count their attempts as lost in the meantime.
        """
        self._scheduler_id = scheduler_id
        self._recovering = self._journaled_outcomes()
        self._start_host()
        ends_at = self._clock.monotonic() + _RECOVERY_S
        while self._recovering and (left_s := ends_at - self._clock.monotonic()) > 0:
            self._epoll.poll(left_s, 1)
            if self._link is None:
                return
            self._read(self._link)

    def fileno(self) -> int:
        return self._epoll.fileno()

    def submit(self, workloads: Sequence[Workload]) -> None:
        """Send attempts to the host; while there is none, they wait for the next."""
        new = [w for w in workloads if w.attempt_id not in self._attempts]
        for workload in new:
            self._attempts[workload.attempt_id] = workload
        if new and self._link is not None:
            self._send({"m": "submit", "workloads": [w.to_json() for w in new]})

    def cancel(self, reasons: Mapping[str, str]) -> None:
        known = {id_: why for id_, why in reasons.items() if id_ in self._attempts}
        if known and self._link is not None:
            self._send({"m": "cancel", "reasons": known})

    def heard(self, attempt_ids: Sequence[str]) -> None:
        """Nothing to do: the host's own events tell of these."""

    def adopt(self, attempt_ids: Sequence[str]) -> set[str]:
        """Return those that this executor's own host has: another scheduler's host is its own."""
        return {id_ for id_ in attempt_ids if id_ in self._attempts}

    def events(self) -> list[ExecutorEvent]:
        """Read what the host has said, and start another when it has died."""
        if self._link is not None:
            self._read(self._link)
        if self._restart_at is not None and self._clock.monotonic() >= self._restart_at:
            self._restart_at = None
            self._start_host()
        events, self._events = self._events, []
        return events

    def stop(self, deadline_s: float) -> None:
        """Stop the host; after the deadline, kill it and with it whatever still runs."""
        self._is_stopped = True
        self._restart_at = None
        ends_at = self._clock.monotonic() + deadline_s
        if self._link is not None:
            self._send({"m": "stop", "deadline_s": max(0.0, deadline_s - _STOP_GRACE_S)})
        # Reading goes on meanwhile: a host that cannot send its last events could not end.
        while self._link is not None and (left_s := ends_at - self._clock.monotonic()) > 0:
            self._epoll.poll(left_s, 1)
            self._read(self._link)
        if self._link is not None:
            self._drop_link()
        if self._process is None:
            return
        try:
            self._process.wait(max(0.0, ends_at - self._clock.monotonic()))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    # The host

    def _start_host(self) -> None:
        words = ["--slots", str(self.capabilities.slots or _NO_LIMIT), "--executor", self.name]
        if self._scheduler_id:
            words += ["--scheduler", self._scheduler_id]
        ours, theirs = socket.socketpair()
        try:
            self._process = self._start_process(words, theirs)
        except HostRefused as refusal:
            ours.close()
            delay_s = self._plan_restart()
            log.error("no worker host: %s Trying again in %g s", refusal, delay_s)
            return
        finally:
            theirs.close()
        self._link = Link(ours)
        self._waits_for_room = False
        self._epoll.register(ours.fileno(), select.EPOLLIN)
        self._host_started_at = self._clock.monotonic()
        waiting = [w for w in self._attempts.values() if w.attempt_id not in self._recovering]
        if waiting:
            self._send({"m": "submit", "workloads": [w.to_json() for w in waiting]})

    def _send(self, message: dict[str, Any]) -> None:
        assert self._link is not None
        if not self._link.send(message) and not self._waits_for_room:
            self._waits_for_room = True
            self._epoll.modify(self._link.fileno(), select.EPOLLIN | select.EPOLLOUT)

    def _read(self, link: Link) -> None:
        if self._waits_for_room and link.flush():
            self._waits_for_room = False
            self._epoll.modify(link.fileno(), select.EPOLLIN)
        for message in link.receive():
            if message["m"] == "hello":
                self._on_hello(message["recovered"])
            elif message["m"] == "events":
                for event in message["events"]:
                    self._on_event(event)
        if not link.is_open:
            self._drop_link()
            if not self._is_stopped:
                self._on_death()

    def _drop_link(self) -> None:
        if self._link is not None:
            self._epoll.unregister(self._link.fileno())
            self._link.close()
            self._link = None

    def _on_event(self, event: dict[str, Any]) -> None:
        if event["e"] == "finished":
            outcome = Outcome.from_json(event["outcome"])
            self._forget(outcome.attempt_id)
            self._events.append(AttemptFinished(outcome.attempt_id, outcome))
            return
        attempt_id = event["attempt_id"]
        match event["e"]:
            case "started":
                started_at = datetime.fromisoformat(event["started_at"])
                self._events.append(
                    AttemptStarted(attempt_id, started_at, event["hostname"], event["pid"])
                )
            case "handed_back":
                self._forget(attempt_id)
                self._events.append(AttemptHandedBack(attempt_id))
            case "dropped":
                self._forget(attempt_id)
            case "callback_done":
                self._forget(attempt_id)
                self._events.append(CallbackDone(attempt_id, event["ok"], event["error"]))
            case unknown:
                raise ValueError(f"unknown event {unknown!r} from a worker host")

    def _forget(self, attempt_id: str) -> None:
        self._attempts.pop(attempt_id, None)
        self._recovering.discard(attempt_id)

    def _on_death(self) -> None:
        """The host has died: say so of all its attempts, and plan the next host's start."""
        assert self._process is not None
        code = self._process.wait()
        log.error("the worker host (pid %d) ended with %d", self._process.pid, code)
        self._plan_restart()
        self._lose_attempts(f"The worker host ended ({in_words(code)}).")

    def _plan_restart(self) -> float:
        """Plan the next host's start; return in how many seconds."""
        now = self._clock.monotonic()
        delay_s = self._restarts.delay_s(now - self._host_started_at)
        self._restart_at = now + delay_s
        return delay_s

    def _lose_attempts(self, reason: str) -> None:
        """Report attempts lost, but not those whose outcomes the host had put on disk."""
        self._recovering |= self._journaled_outcomes()
        for attempt_id in [id_ for id_ in self._attempts if id_ not in self._recovering]:
            self._forget(attempt_id)
            self._events.append(AttemptLost(attempt_id, reason))

    def _on_hello(self, recovered: list[str]) -> None:
        """The host has begun; what it did not find on disk is lost after all."""
        for attempt_id in self._recovering - set(recovered):
            self._recovering.discard(attempt_id)
            if self._attempts.pop(attempt_id, None):
                self._events.append(AttemptLost(attempt_id, "The worker host ended."))

    def _journaled_outcomes(self) -> set[str]:
        folder = conf.home / "run"
        return {o.attempt_id for path in journal.paths(folder) for o in journal.read(path)}
