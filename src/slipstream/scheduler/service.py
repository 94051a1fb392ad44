"""The scheduler's loop: wait, apply, create, admit, write, hand out.

Everything in memory is a cache of the database. Whatever goes wrong with a write or a read, the
answer is the same one that a start gives: forget all, read the active runs, reconcile the attempts
with what the database says of them. A database that is away only delays that.

Events that came from executors are kept until a transaction has held what they led to. Each names
its attempt, so applying one twice is harmless: the machine refuses the second.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import selectors
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass

from slipstream.clock import Clock, SystemClock
from slipstream.command.order import SCHEDULER
from slipstream.errors import StoreUnavailable
from slipstream.executors.base import AttemptStarted, Executor, ExecutorEvent
from slipstream.scheduler import (
    admit,
    callback,
    commit,
    creation,
    due,
    executor_event,
    inbox,
    ownership,
    quota,
    reconcile,
    starting,
)
from slipstream.scheduler.lease import Lease, LeaseLost
from slipstream.scheduler.settings import Settings
from slipstream.scheduler.stop import Stop, woken_by_signals
from slipstream.scheduler.turn import Turn
from slipstream.scheduler.world import World
from slipstream.store import Store, lease
from slipstream.store.row import RunRow
from slipstream.store.wake import Listener, Topics

log = logging.getLogger(__name__)

_FIRST_RETRY_S, _LONGEST_RETRY_S = 0.1, 2.0
_MAX_FAILED = 5
"""Turns that may fail in a row, for reasons that are not the database's."""


@dataclass(slots=True)
class TurnReport:
    """What one turn did."""

    n_events: int = 0
    n_created: int = 0
    n_admitted: int = 0
    wrote: bool = False
    more: bool = False
    """The next turn has something to do at once."""
    waited_s: float = 0.0
    worked_s: float = 0.0


class Scheduler:
    """One scheduler. ``start``, then ``turn`` again and again (``run`` does both), then ``stop``."""

    def __init__(
        self,
        store: Store,
        executors: Mapping[str, Executor],
        clock: Clock | None = None,
        *,
        settings: Settings | None = None,
        only_run: bool = False,
    ) -> None:
        """``only_run`` makes one that takes no run but those given to ``take`` (``dags test``)."""
        self._clock = clock or SystemClock()
        self._store = store
        self._settings = settings or Settings.from_config()
        self._beat_s = self._settings.beat_s
        self._executors = executors
        self._only_run = only_run
        self._lease = self._new_lease()
        self.world = World(
            store, self._clock, self._settings, executors, self._lease.id, only_run=only_run
        )
        self._selector = selectors.DefaultSelector()
        self._listener: Listener | None = None
        self._events: list[ExecutorEvent] = []
        """Taken from executors, and in no committed transaction yet."""
        self._lingering_since: float | None = None
        self._read_inbox = True
        self._more = False
        self._retry_s = 0.0
        """How long the database is given before the next try; 0: it is there."""
        self._retry_at = 0.0
        self._n_failed = 0
        self._executors_run = False
        self._leaves = False
        self._next: dict[str, float] = {}
        self._n_jumps = 0
        self._beaten_at: float | None = None

    @property
    def id(self) -> str:
        """The id of this scheduler's job, which is the owner of its runs."""
        return self._lease.id

    def is_healthy(self) -> bool:
        """Say whether the last heartbeat has reached the database in time; any thread may ask."""
        at = self._beaten_at
        return at is not None and self._clock.monotonic() - at < self._settings.health_threshold_s

    def _new_lease(self) -> Lease:
        return Lease(self._store, self._settings, only_run=self._only_run)

    def start(self) -> None:
        """Register, start the executors, and claim what is due to this scheduler.

        Raises UserError when another one is at work and the database allows but one (SQLite),
        StoreUnavailable without a database.
        """
        self._register()
        self._listener = self._store.listen(SCHEDULER)
        self._selector.register(self._listener.fileno(), selectors.EVENT_READ)
        for executor in self._executors.values():
            executor.start(self.id)
            self._selector.register(executor.fileno(), selectors.EVENT_READ)
        self._executors_run = True
        self.world.clock_watch.restart()
        self._recover()

    def _register(self) -> None:
        self._lease.register(self._clock.now(), ",".join(self._executors), self.world.keys.mark)
        if not self._only_run:
            self._store.wake(SCHEDULER)  # the others have DAGs to give up

    def run(self, stop: Stop, *, deadline_s: float = 4.0) -> None:
        """Start, turn until ``stop`` is set, and stop. For a process that does nothing else."""
        _spare_the_collector()
        self.start()
        ok = False
        try:
            with woken_by_signals(self._selector):
                while not stop.is_set():
                    self.turn(self._settings.poll_s)
            ok = True
        finally:
            self.stop(deadline_s=deadline_s, ok=ok)

    def stop(self, *, deadline_s: float = 4.0, ok: bool = True) -> None:
        """Stop the executors within ``deadline_s`` seconds, take their last news in, give all up.

        DAGs of which nothing is under way go to the other schedulers at once.
        """
        started = time.monotonic()
        is_well = ok and self._executors_run and not self._retry_s
        self._leaves = True
        # What cannot be written now is read by the next scheduler.
        with contextlib.suppress(StoreUnavailable, LeaseLost):
            if is_well and not self._only_run:
                with Turn(self.world) as turn:
                    ownership.leave(turn)
        for executor in self._executors.values() if self._executors_run else ():
            executor.stop(max(0.5, deadline_s - (time.monotonic() - started)))
        with contextlib.suppress(StoreUnavailable, LeaseLost):
            if is_well:
                self._lingering_since = None
                self._collect()
                self._work(TurnReport(), admit_more=False)
            self._lease.end(self._clock.now(), ok=ok)
            if not self._only_run:
                self._store.wake(SCHEDULER)  # the others take on what this one had
        if self._listener is not None:
            self._listener.close()
        self._selector.close()

    def take(self, row: RunRow) -> None:
        """Take a run that was created with this scheduler as its owner."""
        self.world.book.add_waiting(row)

    # -- one turn --------------------------------------------------------------------------------

    def turn(self, timeout: float) -> TurnReport:
        """Wait at most ``timeout`` seconds for something to do, and do it.

        A database that is away is waited for in later turns. One that lost its lease begins anew
        as another scheduler; only that of a single run (``only_run``) raises LeaseLost.
        """
        report = TurnReport()
        before = time.monotonic()
        self._wait(self._patience(timeout))
        after = time.monotonic()
        report.waited_s = after - before
        if self._lingers():
            return report
        if self._retry_s and self._clock.monotonic() < self._retry_at:
            return report
        try:
            self._watch_clock()
            if self._retry_s:
                self._recover()
                self._back()
            self._work(report)
            self._n_failed = 0
        except StoreUnavailable as error:
            self._away(error)
        except LeaseLost as error:
            self._begin_anew(error)
        except Exception as error:
            self._failed(error)
        report.worked_s = time.monotonic() - after
        return report

    def _begin_anew(self, error: LeaseLost) -> None:
        """Forget all, since others have it now, and register as another scheduler.

        Attempts that run here go on: their worker hosts have heartbeats of their own, and who has
        taken them over reads in the database what becomes of them.
        Raises UserError on SQLite, where no second scheduler may be at work.
        """
        if self._only_run:
            raise error
        log.error("%s It goes on under a new id.", error)
        self._events.clear()
        self.world.forget()
        self.world.callbacks_out.clear()
        self.world.former_ids.add(self.id)
        self._lease = self._new_lease()
        self.world.scheduler_id = self._lease.id
        self._retry_s = _FIRST_RETRY_S
        self._retry_at = 0.0
        try:
            self._register()
        except StoreUnavailable as away:
            self._away(away)  # the next heartbeat finds no job, and leads here again

    def _patience(self, timeout: float) -> float:
        """Return how long the wait may last: until the next thing that nobody will wake us for."""
        now = self._clock.monotonic()
        if self._retry_s:
            return max(0.0, min(timeout, self._retry_at - now))
        if self._more or self.world.is_restless:
            return 0.0
        waits = [timeout]
        if self._next:
            waits.append(min(self._next.values()) - now)
        if (timer := self.world.timers.next_in()) is not None:
            waits.append(timer)
        if (due_at := self.world.catalog.next_due_at()) is not None and not self._only_run:
            waits.append((due_at - self._clock.now()).total_seconds())
        if self._lingering_since is not None:
            waits.append(self._lingering_since + self._settings.linger_s - now)
        return max(0.0, min(waits))

    def _wait(self, timeout: float) -> None:
        for key, _ in self._selector.select(timeout):
            if self._listener is not None and key.fd == self._listener.fileno():
                self._read_inbox |= self._listener.drain(self._concerns)
            elif isinstance(key.fileobj, socket.socket):
                key.fileobj.recv(64)  # signals: whoever minds them has set what run looks at
        self._collect()

    def _concerns(self, topics: Topics) -> bool:
        """Say whether a wake-up about some DAGs and runs is for us.

        Of those that are nobody's yet, whoever claims them reads the inbox then.
        """
        own, book = self.world.ownership, self.world.book
        return own.is_alone or any(
            topic in own.dags if isinstance(topic, str) else topic in book.active
            for topic in topics
        )

    def _collect(self) -> None:
        for executor in self._executors.values():
            self._events += executor.events()

    def _lingers(self) -> bool:
        """Say whether there is nothing but starts, which can wait for company a little.

        A short task's start and finish are then one transaction. The start is in the database
        already, written by the worker host; what waits is only its display.
        """
        is_mere = not self._read_inbox and {type(e) for e in self._events} == {AttemptStarted}
        if self._more or not is_mere:
            self._lingering_since = None
            return False
        now = self._clock.monotonic()
        if self._lingering_since is None:
            self._lingering_since = now
        if now - self._lingering_since < self._settings.linger_s:
            return not self._something_due(now)
        self._lingering_since = None
        return False

    def _something_due(self, now: float) -> bool:
        timer = self.world.timers.next_in()
        return (timer is not None and timer <= 0) or any(at <= now for at in self._next.values())

    def _work(self, report: TurnReport, *, admit_more: bool = True) -> None:
        with Turn(self.world) as turn:
            self._housekeeping(turn)
            taken = self._events[: self._settings.batch]
            executor_event.apply_all(turn, taken)
            due.fire(turn)
            starting.go_on(turn)
            more = self._take_inbox(turn)
            if not self._only_run:
                report.n_created = creation.create_due(turn)
                more |= report.n_created > 0
            more |= starting.start_queued(turn)
            callback.hand_out(turn)
            starting.settle_finished(turn)
            if admit_more:
                report.n_admitted = admit.admit_ready(turn)
            turn.close()
            report.wrote = commit.commit(turn)
            more |= quota.settle(turn) or bool(self.world.unsettled)
        del self._events[: len(taken)]
        report.n_events = len(taken)
        self._more = more or bool(self._events)
        report.more = self._more or self.world.is_restless

    def _take_inbox(self, turn: Turn) -> bool:
        if self._only_run:
            return False
        now = self._clock.monotonic()
        if not (self._read_inbox or self._is_due("inbox", self._settings.poll_s, now)):
            return False
        self._read_inbox = False
        self._next["inbox"] = now + self._settings.poll_s
        self._read_inbox = inbox.take(turn)
        return self._read_inbox

    def _housekeeping(self, turn: Turn) -> None:
        """Heartbeat, see who is there, claim and give up, and look for hosts that died."""
        settings, world, now = self._settings, self.world, self._clock.monotonic()
        if self._is_due("heartbeat", self._beat_s, now):
            self._beat(turn)
        sweep_s = settings.sweep_s
        world.obstacles.look(turn)
        is_told_late = not world.inherited.isdisjoint(world.book.attempts)
        if is_told_late and world.hosts.foreign(world.own_ids):
            sweep_s = settings.foreign_sweep_s
            self._next["sweep"] = min(self._next.get("sweep", 0.0), now + sweep_s)
        is_sweep = world.sweep_soon or self._is_due("sweep", sweep_s, now)
        world.sweep_soon = False
        if not self._only_run and not self._leaves:
            self._share(turn, now)
        if is_sweep and world.book.attempts:
            reconcile.everything(turn)
            reconcile.sweep_queued(turn)
        if is_sweep:
            callback.sweep(turn)
        if (is_sweep or world.claim_soon) and not self._only_run and not self._leaves:
            ownership.claim_runs(turn)
        world.claim_soon = False

    def _share(self, turn: Turn, now: float) -> None:
        """Give each scheduler its part of the DAGs."""
        own, settings = self.world.ownership, self._settings
        if self._is_due("members", settings.sweep_s if own.is_alone else settings.members_s, now):
            own.tick()
            # The safety net of quotas: what waits is found anew, and asked for.
            self.world.slots.changed |= not own.is_alone
        own.share_soon |= self._is_due("share", settings.sweep_s, now)
        if own.look_soon:
            ownership.look(turn)
        if own.share_soon:
            self._read_inbox |= ownership.share(turn) or bool(own.gone)

    def _beat(self, turn: Turn) -> None:
        self._lease.heartbeat(turn.now)
        self._beaten_at = self._clock.monotonic()
        self.world.ownership.members.beat()
        self.world.keys.look(turn)
        if self.world.keys.mark is not None:
            self.world.hosts.look_for_api_servers(turn.conn, turn.now)

    def _is_due(self, what: str, every_s: float, now: float) -> bool:
        if self._next.get(what, 0.0) > now:
            return False
        self._next[what] = now + every_s
        return True

    # -- trouble ---------------------------------------------------------------------------------

    def _recover(self) -> None:
        """Read everything anew from the database and bring open attempts in line."""
        self.world.forget()
        self._next.clear()
        self._read_inbox = True
        with Turn(self.world) as turn:
            self._beat(turn)
            self.world.ownership.dags = lease.owned_dags(turn.conn, self.id)
            self.world.load(turn.conn)
            for row in lease.owned(turn.conn, self.id):
                ownership.admit_row(turn, row)
            if not self._only_run:
                ownership.look(turn)
                while ownership.share(turn):
                    pass
                ownership.claim_runs(turn)
            reconcile.everything(turn)
            callback.recover(turn)
            turn.close()
            commit.commit(turn)
            quota.settle(turn)

    def _away(self, error: StoreUnavailable) -> None:
        """Wait for the database, a little longer after each try."""
        if not self._retry_s:
            log.error("%s The scheduler waits for it and goes on by itself.", error)
        self._retry_s = min(_LONGEST_RETRY_S, (self._retry_s or _FIRST_RETRY_S / 2) * 2)
        self._retry_at = self._clock.monotonic() + self._retry_s

    def _failed(self, error: Exception) -> None:
        """Begin anew after a defect of ours; give up when that does not help."""
        self._n_failed += 1
        if self._n_failed > _MAX_FAILED:
            raise error
        log.exception("A turn failed; the active runs are read anew.")
        if self._n_failed > 1:
            # Perhaps one of these is why. What they say is in the database too.
            self._events.clear()
        self._retry_s = _FIRST_RETRY_S
        self._retry_at = self._clock.monotonic() + self._retry_s

    def _back(self) -> None:
        log.info("The active runs were read anew; the scheduler goes on.")
        self._retry_s = 0.0

    def _watch_clock(self) -> None:
        """Tell of a wall clock that was set, and believe nobody's heartbeat for a while."""
        watch = self.world.clock_watch
        if (n_jumps := watch.n_jumps()) != self._n_jumps:
            self._n_jumps = n_jumps
            what = f"{watch.last_jump_s:+.0f} s"
            log.warning("the system clock was set %s; running work is not affected", what)
            self.world.ownership.members.distrust()
            self._next["heartbeat"] = 0.0


def _spare_the_collector() -> None:
    """Let the garbage collector look less often.

    The machines are many small, long-lived objects without cycles: at the default thresholds,
    loading a run of 10,000 task instances takes a third longer, and turns stall for 20 ms.
    """
    gc.set_threshold(100_000, 20, 50)
