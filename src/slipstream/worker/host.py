"""The worker host: one process, one selector loop, all task processes of a machine.

It wires the parts together and turns the loop; what they do is theirs::

    link        submissions and cancellations in, events out
    supervisor  the life of each execution
    pool        zygotes, and the processes forked from them
    reporter    collects a turn's writes and events
    batcher     writes them, a transaction per batch, in a thread
    requests    answer tasks' requests, in threads

The launcher's socket is its lease. While it is open, the host works; when it closes, the host
finishes what runs, tells the scheduler through the store, and ends.
"""

from __future__ import annotations

import errno
import logging
import os
import selectors
import signal
import socket
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from slipstream.clock import Clock
from slipstream.errors import SlipstreamError, UserError
from slipstream.sdk.bundle import DAGS_FOLDER
from slipstream.task.protocol import Message, send_control
from slipstream.worker import journal, sweeper
from slipstream.worker.batcher import Batcher
from slipstream.worker.execution import Execution, TaskProcess
from slipstream.worker.link import Link
from slipstream.worker.log_sink import LogSink
from slipstream.worker.pool import ZygotePool
from slipstream.worker.report import Reporter
from slipstream.worker.request_pool import RequestPool
from slipstream.worker.supervisor import Limits, Supervisor
from slipstream.worker.task_api import Batch, Committed, TaskAPI, TurnedAway
from slipstream.worker.timer import Timer, Timers
from slipstream.worker.zygote import ZygoteHandle

log = logging.getLogger(__name__)

STOP_DEADLINE_S = 4.0
"""In how long a host ends that is told to by a signal. Tasks have half of it to end by themselves."""
_STOP_KILL_S = 1.0
_CLOSE_S = 2.0
_ALONE_LOOK_S = 1.0
_SLOW_STORE_S = 1.0
"""A commit that takes longer has its outcomes put on disk meanwhile."""
_LINGER_S = 0.02
"""So long a start that is only for show waits for the end of a short task."""
_LONGEST_WHY = 1000

Locate = Callable[[str, str], Path]
"""Bundle name and relative fileloc to the DAG file's path."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a host is told when it starts."""

    n_slots: int
    limits: Limits
    heartbeat_s: float
    alone_s: float
    """How long a host whose launcher is gone, and which runs nothing, waits for a store that is away."""
    import_timeout_s: float
    log_folder: Path
    run_folder: Path
    locate: Locate
    env: dict[str, str]


class LogShipping(LogSink, Protocol):
    """Takes the attempts' logs to where people read them, in a thread of its own."""

    def resume(self) -> None:
        """See to the logs that dead hosts of this machine have left."""

    def close(self, timeout_s: float) -> None:
        """Take what is left, within this time."""


class DeclaredDead(SlipstreamError):
    """Others have taken over what this host runs; it must not go on."""


class Host:
    """A worker host. ``run`` is its whole life."""

    def __init__(
        self,
        api: TaskAPI,
        link: Link,
        settings: Settings,
        clock: Clock,
        logs: LogShipping | None = None,
    ) -> None:
        self._api = api
        self._link = link
        self._settings = settings
        self._mark = sweeper.mark_of(api.host_id, os.getpid())
        self._selector = selectors.DefaultSelector()
        self._timers = Timers(clock)
        self._calls: deque[Callable[[], None]] = deque()
        self._wake_r, self._wake_w = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._reporter = Reporter(api.hostname)
        self._journal = journal.Journal(settings.run_folder, api.host_id)
        self._batcher = Batcher(api, self._journal, self._on_committed, self._on_refused)
        self._requests = RequestPool(api, self._call_in_loop)
        self._supervisor = Supervisor(
            self._selector, self._timers, clock, self._reporter, settings.limits, settings.n_slots
        )
        self._pool = ZygotePool(
            self._selector,
            self._timers,
            clock,
            self._supervisor,
            env=self._zygote_env(),
            import_timeout_s=settings.import_timeout_s,
        )
        self._supervisor.pool = self._pool
        self._supervisor.ask = self._ask
        self._supervisor.ask_for_load = self._ask_for_load
        self._logs = logs
        if logs is not None:
            self._supervisor.logs = logs
        self._left_journals: list[journal.LeftJournal] = []
        self._paths: dict[tuple[str, str], str] = {}
        self._store_watch: Timer | None = None
        self._telling: Timer | None = None
        self._is_stopping = False
        self._has_deadline = False
        self._is_overdue = False
        """It has waited long enough for the store; what there is to say is in the journal."""
        self._waits_for_room = False

    def run(self) -> None:
        """Serve until told to stop or until the launcher has gone, and all work is done."""
        self._selector.register(self._link, selectors.EVENT_READ, self._on_link)
        self._selector.register(self._wake_r, selectors.EVENT_READ, self._on_wake)
        signal.signal(signal.SIGTERM, lambda *_: self._call_in_loop(self._stop_by_signal))
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the launcher tells us to stop
        self._batcher.start()
        recovered = self._deliver_left_journals()
        self._link.send(
            {
                "m": "hello",
                "host_id": self._api.host_id,
                "pid": os.getpid(),
                "hostname": self._api.hostname,
                "recovered": recovered,
            }
        )
        self._api.watch(lambda *word: self._call_in_loop(partial(self._on_reach, *word)))
        self._timers.after(self._settings.heartbeat_s, self._heartbeat)
        try:
            while not self._is_done():
                self._turn()
        except BaseException:
            self._pool.close()
            raise
        self._finish()

    def _turn(self) -> None:
        for key, _ in self._selector.select(self._timers.wait_s()):
            key.data()
        self._timers.run_due()
        self._supervisor.fill_slots()
        if batch := self._reporter.take_batch():
            self._batcher.add(batch)
            self._watch_store()
        if self._reporter.events:
            self._tell_soon()

    def _tell_soon(self) -> None:
        """Send the events; mere starts wait a moment, since short tasks' ends can come with them.

        That is one message for the launcher, and one turn of the scheduler's, in place of two.
        """
        if not self._reporter.has_only_starts:
            self._tell()
        elif self._telling is None:
            self._telling = self._timers.after(_LINGER_S, self._tell)

    def _tell(self) -> None:
        if self._telling is not None:
            self._telling.cancel()
            self._telling = None
        if events := self._reporter.take_events():
            self._send({"m": "events", "events": events})

    def _watch_store(self) -> None:
        """Look after a while whether the store is slow, for as long as something is unwritten."""
        if self._store_watch is None or not self._store_watch.is_live:
            self._store_watch = self._timers.after(_SLOW_STORE_S, self._on_store_watch)

    def _on_store_watch(self) -> None:
        if not self._batcher.is_idle:
            self._batcher.safeguard(_SLOW_STORE_S)
            self._watch_store()

    def _is_done(self) -> bool:
        if self._is_overdue:
            return True
        if not self._is_stopping or not self._supervisor.is_idle:
            return False
        return self._batcher.is_idle and not self._reporter.batch and not self._calls

    def _finish(self) -> None:
        if events := self._reporter.take_events():
            self._link.send({"m": "events", "events": events})
        self._pool.close()
        sweeper.kill_marked(sweeper.HOST_MARK, self._mark)
        ok = self._batcher.close(_CLOSE_S)
        if self._logs is not None:
            self._logs.close(_CLOSE_S)
        if ok:
            self._api.close(ok=True)
        self._link.close()

    def _zygote_env(self) -> dict[str, str]:
        return {**self._settings.env, sweeper.HOST_MARK: self._mark}

    def _deliver_left_journals(self) -> list[str]:
        """Write what dead hosts of this machine could not; return the attempt ids."""
        self._left_journals = journal.take_left(self._settings.run_folder)
        outcomes = [o for left in self._left_journals for o in left.outcomes]
        self._reporter.batch.finishes += outcomes
        for left in self._left_journals:
            left.remove_if_done()
        if self._logs is not None:
            self._logs.resume()
        return [outcome.attempt_id for outcome in outcomes]

    # Calls from other threads and from signal handlers

    def _call_in_loop(self, call: Callable[[], None]) -> None:
        self._calls.append(call)
        try:
            os.write(self._wake_w, b"\0")
        except BlockingIOError:
            return  # the pipe is full of wake-ups already

    def _on_wake(self) -> None:
        os.read(self._wake_r, 4096)
        while self._calls:
            self._calls.popleft()()

    def _on_committed(self, batch: Batch, committed: Committed) -> None:
        self._call_in_loop(partial(self._apply_committed, batch, committed))

    def _on_refused(self, error: TurnedAway) -> None:
        def end() -> None:
            raise error

        self._call_in_loop(end)

    def _apply_committed(self, batch: Batch, committed: Committed) -> None:
        if not committed.is_alive:
            raise DeclaredDead(
                "the store holds this worker host for dead (its heartbeat had lapsed): "
                "its attempts belong to others, so it ends, and its tasks with it"
            )
        for attempt_id, reason in committed.refused.items():
            log.error("attempt %s is refused: %s", attempt_id, reason)
        for attempt_id, token in committed.tokens.items():
            execution = self._supervisor.get(attempt_id)
            if execution is not None:
                execution.workload["token"] = token
        for start in [*batch.starts, *batch.callback_starts]:
            granted = start.attempt_id in committed.started
            why = committed.refused.get(start.attempt_id)
            self._supervisor.on_leave(start.attempt_id, granted, why)
            if not granted:
                self._reporter.dropped(start.attempt_id)
        self._reporter.finished(batch.finishes, committed)
        for outcome in batch.finishes:
            self._supervisor.on_written(
                outcome.attempt_id, committed.refused.get(outcome.attempt_id)
            )
        for left in self._left_journals:
            for outcome in batch.finishes:
                left.on_delivered(outcome.attempt_id)
        for attempt_id in committed.cancel:
            self._supervisor.end_unwanted(attempt_id)

    def _heartbeat(self) -> None:
        self._reporter.batch.heartbeat = True
        self._reporter.batch.running = self._supervisor.running()
        every_s = min(self._settings.heartbeat_s, self._api.heartbeat_s or float("inf"))
        self._timers.after(every_s, self._heartbeat)

    # The launcher

    def _send(self, message: Message) -> None:
        if not self._link.send(message) and not self._waits_for_room:
            self._waits_for_room = True
            both = selectors.EVENT_READ | selectors.EVENT_WRITE
            self._selector.modify(self._link, both, self._on_link)

    def _on_link(self) -> None:
        if self._waits_for_room and self._link.flush():
            self._waits_for_room = False
            self._selector.modify(self._link, selectors.EVENT_READ, self._on_link)
        for message in self._link.receive():
            self._on_message(message)
        if not self._link.is_open:
            self._selector.unregister(self._link)
            self._drain()

    def _on_message(self, message: Message) -> None:
        match message["m"]:
            case "submit":
                for workload in message["workloads"]:
                    self._submit(workload)
            case "give_back":
                self._supervisor.give_back()
            case "grow":
                self._supervisor.grow(message["slots"])
            case "cancel":
                for attempt_id, why in message["reasons"].items():
                    self._supervisor.withdraw(attempt_id, why)
            case "stop":
                self._stop(message["deadline_s"])
            case unknown:
                raise ValueError(f"unknown message {unknown!r} from the executor")

    def _on_reach(self, is_there: bool, why: str) -> None:
        self._send({"m": "api", "is_there": is_there, "why": why})

    def _submit(self, workload: Any) -> None:
        try:
            _check(workload)
            execution = self._execution(workload)
        except (KeyError, TypeError, ValueError) as exc:
            why = repr(exc)[:_LONGEST_WHY]
            self._refuse(workload, f"its worker host cannot read the workload: {why}")
            return
        self._supervisor.submit(execution)

    def _refuse(self, workload: Any, reason: str) -> None:
        """Fail an attempt that can never begin here, in a thread that waits for the store."""
        found = workload if isinstance(workload, dict) else {}
        attempt_id, token = found.get("attempt_id"), found.get("token")
        if not isinstance(attempt_id, str):
            log.error("a workload without an attempt id is dropped: %s", reason)
            return
        log.error("attempt %s is refused: %s", attempt_id, reason)

        def tell() -> None:
            try:
                self._api.refuse(attempt_id, token, reason)
            except SlipstreamError as exc:
                log.error("attempt %s: nobody could be told: %s", attempt_id, exc)
            self._call_in_loop(partial(self._reporter.dropped, attempt_id))

        threading.Thread(target=tell, name="refuse", daemon=True).start()

    def _execution(self, workload: dict[str, Any]) -> Execution:
        file = workload.get("bundle_name", DAGS_FOLDER), workload["relative_fileloc"]
        load_error = None
        path = self._paths.get(file)
        if path is None:
            try:
                path = self._paths[file] = str(self._settings.locate(*file))
            except UserError as exc:
                path, load_error = file[1], str(exc)
        log_path = workload.get("log_path", "")
        if log_path:
            log_path = os.path.join(self._settings.log_folder, log_path)
        return Execution(workload, path, log_path, load_error=load_error)

    # Tasks' requests

    def _ask(self, execution: Execution, process: TaskProcess, message: Message) -> None:
        respond = partial(self._supervisor.reply, process)
        if message["method"] == "why_withdrawn":
            value = execution.cancelled if execution.is_withdrawn else None
            respond({"m": "reply", "id": message["id"], "value": value})
            return
        if execution.cancelled and message["method"] in ("set_xcom", "delete_xcom"):
            error = {"type": "Cancelled", "message": "this attempt is no longer the current one"}
            respond({"m": "reply", "id": message["id"], "error": error})
            return
        self._requests.ask(execution.workload, message, respond)

    def _ask_for_load(self, zygote: ZygoteHandle, message: Message) -> None:
        def respond(reply: Message) -> None:
            if not zygote.is_gone:
                _reply_to_load(zygote, reply)

        waiting = zygote.waiting[0].workload if zygote.waiting else {}
        self._requests.ask(waiting, message, respond)

    # Stopping

    def _drain(self) -> None:
        """The launcher has gone: take no more, finish what runs, tell the scheduler by the store."""
        if not self._is_stopping:
            log.warning("the process that started this host is gone; finishing what runs")
        self._is_stopping = True
        self._supervisor.accepts_work = False
        self._batcher.notify = True
        self._supervisor.hand_back_queue()
        self._look_alone(0.0)

    def _look_alone(self, idle_s: float) -> None:
        """Nobody would ever end a host that waits for ever: see how long it has run nothing."""
        if self._has_deadline:
            return
        if self._supervisor.is_at_work:
            idle_s = 0.0
        elif idle_s >= self._settings.alone_s:
            log.warning("the store is away, and nothing runs: what is unsaid is left on disk")
            self._is_overdue = True
            return
        self._timers.after(_ALONE_LOOK_S, lambda: self._look_alone(idle_s + _ALONE_LOOK_S))

    def _stop_by_signal(self) -> None:
        self._stop(STOP_DEADLINE_S)

    def _stop(self, deadline_s: float | None) -> None:
        """Take no more work; end in time, with what still runs ended by force.

        Without a deadline, what runs is waited for, until another call gives one.
        """
        if self._has_deadline:
            return
        self._is_stopping = True
        self._supervisor.accepts_work = False
        self._supervisor.hand_back_queue()
        if deadline_s is None:
            self._look_alone(0.0)
            return
        self._has_deadline = True
        reason = "the worker host was stopped"
        self._timers.after(deadline_s / 2, lambda: self._supervisor.cancel_all(reason))
        self._timers.after(max(0.0, deadline_s - _STOP_KILL_S), self._supervisor.kill_all)
        self._timers.after(deadline_s, self._on_deadline)

    def _on_deadline(self) -> None:
        self._is_overdue = True


def _check(workload: Any) -> None:
    """Raise for a workload that is none, before anything is done with it."""
    for name, kind in _NEEDED.items():
        if not isinstance(workload[name], kind):
            raise TypeError(f"{name} is {workload[name]!r}")


_NEEDED = {
    "attempt_id": str,
    "dag_id": str,
    "run_id": str,
    "dag_run_pk": int,
    "relative_fileloc": str,
}


def _reply_to_load(zygote: ZygoteHandle, reply: Message) -> None:
    with suppress(BrokenPipeError, ConnectionResetError):  # it has died; its socket's end tells
        try:
            send_control(zygote.control, reply)
        except OSError as exc:
            if exc.errno not in (errno.EMSGSIZE, errno.EAGAIN):
                raise
            text = "the value is too large to be read at the top of a DAG file"
            error = {"type": "AirflowException", "message": text}
            send_control(zygote.control, {"m": "reply", "id": reply["id"], "error": error})


def open_link(fd: int) -> Link:
    """Return the link on an inherited socket."""
    return Link(socket.socket(fileno=fd))
