"""The DAG processor: keeps the store in step with the DAG files.

    watcher, scans, inbox  ->  catalog: what to parse  ->  pool: parse it  ->  writer: the store

One loop that sleeps until a file changes, a parsing process answers, a message comes or a timer
is due. It runs no user code: that is in the forks of its zygote.
"""

from __future__ import annotations

import contextlib
import logging
import os
import selectors
from collections.abc import Callable, Collection
from typing import Protocol

from slipstream.clock import Clock, SystemClock
from slipstream.dagprocessor.job import QUESTIONS
from slipstream.dagprocessor.settings import Settings
from slipstream.dagprocessor.timer import Timer
from slipstream.dagprocessor.watcher import Watcher
from slipstream.dagprocessor.workshop import Report, Workshop
from slipstream.dagprocessor.writer import file_key
from slipstream.errors import SlipstreamError, StoreUnavailable, UserError
from slipstream.sdk import bundle
from slipstream.store import Connection, Store, inbox, job
from slipstream.store.row import InboxMessage

log = logging.getLogger(__name__)

JOB_TYPE = "DagProcessorJob"
TARGET = "dag_processor"

_TICK_S = 0.5
"""The loop looks up at least so often: for its stop, and for folders that come and go."""
_INBOX_INTERVAL_S = 2.0
"""Between two looks into the inbox without a wake-up."""
_STORE_RETRY_S = 1.0
_MAX_MESSAGES = 500
_MAX_FAILED_STARTS = 3
_SUFFIXES = (".py", ".zip", ".airflowignore")


class Stop(Protocol):
    """What ends a service: a ``threading.Event`` will do."""

    def is_set(self) -> bool: ...


class DagProcessor:
    """The service. One per installation is enough; several do no harm.

    ``bundle_names`` limits it to some bundles; then it leaves the DAGs of all others alone. Raises
    UserError for a bundle that there is not. ``lookups`` is where the files' variables and
    connections are, if not in the store that the DAGs are written to.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock | None = None,
        *,
        settings: Settings | None = None,
        bundle_names: Collection[str] | None = None,
        lookups: Store | None = None,
    ) -> None:
        self._store = store
        self._clock = clock or SystemClock()
        self._settings = settings or Settings.from_config()
        self._is_limited = bundle_names is not None
        self._roots = _roots(bundle_names)
        # Modules of the plugins and config folders count as dependencies, too.
        self._watched = sorted({*self._roots.values(), *bundle.import_folders()})
        self._selector = selectors.DefaultSelector()
        self._workshop = Workshop(
            store,
            self._clock,
            self._settings,
            self._selector,
            roots=self._roots,
            watched=self._watched,
            lookups=lookups or store,
        )
        self._job_id: str | None = None
        self._away: Timer | None = None
        """When to try the store again; None: it is there."""
        self._inbox_timer = Timer(self._clock, _INBOX_INTERVAL_S)
        self._timers: list[tuple[Timer, Callable[[], None]]] = [
            (Timer(self._clock, self._settings.heartbeat_interval_s), self._heartbeat),
            (self._inbox_timer, self._read_inbox),
            (Timer(self._clock, self._settings.scan_interval_s), self._slow_scan),
            (Timer(self._clock, max(self._settings.volatile_interval_s, 1.0)), self._ask_aged),
        ]

    @property
    def zygote_pid(self) -> int | None:
        """The process that parsing processes are forked from."""
        return self._workshop.zygote_pid

    def run(self, stop: Stop) -> None:
        """Serve until ``stop`` is set; looks at it twice a second.

        Raises StoreUnavailable when the store is away at the start; later it is waited for.
        """
        with contextlib.ExitStack() as stack:
            listener = stack.enter_context(contextlib.closing(self._store.listen(TARGET)))
            watcher = stack.enter_context(contextlib.closing(Watcher()))
            stack.callback(self._selector.close)
            stack.callback(self._workshop.close)
            self._selector.register(listener.fileno(), selectors.EVENT_READ, self._on_wake_up)
            self._selector.register(
                watcher, selectors.EVENT_READ, lambda: self._on_change(watcher.take())
            )
            self._workshop.warm_up()
            self._heartbeat()
            stack.push(self._end)
            watcher.watch(self._folders())
            self._workshop.open(others=not self._is_limited)
            self._tell_roots()
            watching = Timer(self._clock, _TICK_S)
            while not stop.is_set():
                self._turn()
                listener.drain()  # mends its connection, if it has one
                if watching.take() and watcher.watch(self._folders()):
                    self._workshop.scan()

    def parse_once(self, *, force: bool = False) -> Report:
        """Parse what is new or changed (all, with ``force``), write it, and return.

        Files that are gone are taken as gone at once. Raises StoreUnavailable.
        """
        try:
            self._workshop.open(others=not self._is_limited)
            if force:
                for key in self._workshop.catalog.files:
                    self._workshop.catalog.ask(key)
            self._workshop.save(drain=True)
            self._workshop.work()
            while not self._workshop.is_idle:
                for ready, _ in self._selector.select(self._workshop.wait_s(saving=True)):
                    ready.data()
                self._workshop.work()
                self._workshop.save()
                if self._workshop.n_failed_starts >= _MAX_FAILED_STARTS:
                    raise SlipstreamError(
                        "DAG files cannot be parsed: the process that parses them does not start. "
                        "What it said is above."
                    )
        finally:
            self._workshop.close()
            self._selector.close()
        return self._workshop.report

    def _turn(self) -> None:
        wait_s = self._workshop.wait_s(saving=self._away is None)
        timeout_s = _TICK_S if wait_s is None else min(wait_s, _TICK_S)
        for ready, _ in self._selector.select(timeout_s):
            ready.data()
        self._workshop.work()
        if self._away is not None and not self._away.take():
            return
        try:
            for timer, action in self._timers:
                if timer.take():
                    action()
            self._workshop.save()
        except StoreUnavailable as e:
            if self._away is None:
                log.warning("%s Trying again every %g s.", e, _STORE_RETRY_S)
                self._away = Timer(self._clock, _STORE_RETRY_S)
        else:
            if self._away is not None:
                log.info("The database answers again.")
                self._away = None

    def _on_wake_up(self) -> None:
        self._inbox_timer.expire()

    def _on_change(self, paths: set[str]) -> None:
        """Take in that these paths changed: files or folders, in a bundle or not."""
        self._workshop.touch(paths)
        # Of a folder that was moved away nothing is left but its path.
        if any(path.endswith(_SUFFIXES) or not os.path.isfile(path) for path in paths):
            self._workshop.scan()

    def _folders(self) -> list[str]:
        linked = [folder for found in self._workshop.linked.values() for folder in found]
        return [*self._watched, *linked]

    def _tell_roots(self) -> None:
        log.info("Watching %s", ", ".join(self._roots.values()))
        for root in self._roots.values():
            if not os.path.isdir(root):
                log.warning("%s is not a folder; should it become one, its DAGs show up", root)

    def _heartbeat(self) -> None:
        self._store.write(self._write_heartbeat)

    def _write_heartbeat(self, conn: Connection) -> None:
        now = self._clock.now()
        if self._job_id is None or not job.heartbeat(conn, [self._job_id], now):
            self._job_id = job.register(conn, job_type=JOB_TYPE, now=now)

    def _end(self, *exc_info: object) -> None:
        """Close our job; what was the reason for the end decides its state."""
        if self._job_id is None:
            return
        state = "success" if exc_info[0] is None else "failed"
        with contextlib.suppress(StoreUnavailable):  # the job's heartbeat lapses then
            self._store.write(job.end, self._job_id, state, self._clock.now())

    def _slow_scan(self) -> None:
        self._workshop.scan()
        self._workshop.catalog.ask_unparsed()
        self._workshop.ask_deleted()

    def _ask_aged(self) -> None:
        self._workshop.catalog.ask_aged(self._clock.monotonic(), self._settings.volatile_interval_s)

    def _read_inbox(self) -> None:
        with self._store.read() as conn:
            messages = inbox.take(conn, TARGET, _MAX_MESSAGES)
        for message in messages:
            if not (self._workshop.has_message(message.id) or self._on_message(message)):
                self._workshop.forget_message(message.id)

    def _on_message(self, message: InboxMessage) -> bool:
        """Start on what a message asks for; False when there is nothing to do."""
        payload = message.payload
        match message.kind:
            case "next_run" if message.dag_id is not None:
                return self._workshop.ask_next_run(message.dag_id, payload.get("last"), message.id)
            case kind if kind in QUESTIONS and message.dag_id is not None:
                self._workshop.ask(
                    kind, message.dag_id, payload, message.id, others=self._is_limited
                )
                return True
            case "reparse":
                key = file_key(payload["bundle_name"], payload["relative_fileloc"])
                if key.bundle_name not in self._roots:
                    return False
                self._workshop.scan([key.bundle_name])
                return self._workshop.ask_file(key, message.id)
        log.warning("The message %r to the DAG processor is not known", message.kind)
        return False


def _roots(names: Collection[str] | None) -> dict[str, str]:
    """Return the folders of these bundles, or of all."""
    roots = {name: str(path) for name, path in bundle.roots().items()}
    for name in names or ():
        if name not in roots:
            known = ", ".join(map(repr, roots))
            raise UserError(f"There is no DAG bundle named {name!r}; there are {known}.")
    return roots if names is None else {name: roots[name] for name in names}
