"""One turn's work in memory: stimuli go into machines, what they decide goes into a batch.

The only place that steps a ``RunMachine``, so that every decision reaches the batch, the timers,
the ready queue and the books alike, and that no run's failure reaches another run.
"""

from __future__ import annotations

import logging
import traceback
from contextlib import AbstractContextManager
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Self

from slipstream.command.restore import facts_of
from slipstream.errors import SlipstreamError, StoreUnavailable
from slipstream.machine.decision import Decision
from slipstream.machine.event import Event
from slipstream.machine.run import RunMachine
from slipstream.scheduler import admit, past
from slipstream.scheduler.batch import Batch
from slipstream.scheduler.book import ActiveRun, lane_of
from slipstream.scheduler.lease import LeaseLost
from slipstream.scheduler.timers import RunTimeout, TaskDue
from slipstream.state import EXECUTING_STATES, DagRunState, TaskInstanceState
from slipstream.store import Connection, machine_row
from slipstream.store.row import RunRow

if TYPE_CHECKING:
    from slipstream.scheduler.world import World

log = logging.getLogger(__name__)

_WITH_SLOTS = frozenset(
    {
        TaskInstanceState.QUEUED,
        TaskInstanceState.RUNNING,
        TaskInstanceState.RESTARTING,
        TaskInstanceState.DEFERRED,
    }
)
_RUN_COLUMNS = frozenset(RunRow._fields)


class Turn:
    """A turn in progress, used as a context manager.

    On leaving it, a driver's error that means "the database is away" becomes StoreUnavailable.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.now = world.clock.now()
        self.batch = Batch()
        self._reading: AbstractContextManager[Connection] | None = None
        self._conn: Connection | None = None

    @property
    def conn(self) -> Connection:
        """A connection for reading, opened at first use."""
        if self._conn is None:
            reading = self.world.store.read()
            self._conn = reading.__enter__()
            self._reading = reading
        return self._conn

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        reading, self._reading, self._conn = self._reading, None, None
        if reading is not None:
            reading.__exit__(kind, error, trace)

    def close(self) -> None:
        """Give the reading connection back; the next use opens another."""
        self.__exit__(None, None, None)

    def unless_store(self, error: Exception) -> None:
        """Raise StoreUnavailable if that is what an error of a query means, and LeaseLost as it is."""
        if isinstance(error, StoreUnavailable | LeaseLost):
            raise error
        self.__exit__(type(error), error, error.__traceback__)

    def step(self, run_: ActiveRun, event: Event, now: datetime | None = None) -> bool:
        """Put one event into a run's machine; False when it was refused or the run is aside."""
        if run_.pk not in self.world.book.active:
            return False
        try:
            decided = run_.machine.on(event, now or self.now)
        except Exception as error:
            self.quarantine(run_.row, error)
            return False
        if decided.refused:
            log.info("run %s/%s: %s", run_.row.dag_id, run_.row.run_id, decided.refused)
        self.absorb(run_, decided)
        return decided.refused is None

    def activate(self, row: RunRow) -> ActiveRun | None:
        """Return the run with its machine in memory, loading it if it is not.

        None when it cannot be loaded; the run is then set aside with the reason.
        """
        known = self.world.book.active.get(row.id)
        if known is not None:
            return known
        try:
            compiled = self.world.catalog.plan(self.conn, row.dag_id)
            tis = machine_row.load(self.conn, row.id, is_new=row.start_date is None)
            facts = facts_of(row)
            if tis:
                machine, decided = RunMachine.restore(compiled.plan, facts, tis, self.now)
            else:
                machine, decided = RunMachine.new(
                    compiled.plan, facts, self.now, self.world.settings.changes_per_turn
                )
        except Exception as error:
            self.unless_store(error)
            self.quarantine(row, error)
            return None
        return self.adopt(row, machine, compiled.version_id, decided)

    def adopt(
        self, row: RunRow, machine: RunMachine, version_id: str, decided: Decision
    ) -> ActiveRun:
        """Take a run's machine into the book, with what making it decided."""
        world = self.world
        taken = ActiveRun(row, machine, version_id)
        machine.pace = world.settings.changes_per_turn
        world.book.add_active(taken)
        for key, ti in machine.tis.items():
            if ti.attempt_id is not None and ti.state in _WITH_SLOTS:
                world.slots.note(taken, key, ti.state)
                if ti.state is not TaskInstanceState.DEFERRED:
                    world.book.attempts[ti.attempt_id] = (taken.pk, key)
        if row.state == DagRunState.RUNNING:
            world.book.set_running(taken, True)
            self._arm_timeout(taken)
        self.absorb(taken, decided)
        past.link(self, taken)
        return taken

    def absorb(self, run_: ActiveRun, decided: Decision) -> None:
        """Let a decision take effect on everything in memory and put it in the batch."""
        world, pk = self.world, run_.pk
        was_unsettled = pk in world.unsettled
        world.unsettled.pop(pk, None)  # it goes to the end
        if run_.machine.has_more:
            world.unsettled[pk] = None
        elif was_unsettled and run_.machine.state is DagRunState.QUEUED:
            world.book.touched.add(lane_of(run_.row))  # all of it is made: it may start
        for key, change in decided.changes.items():
            if "state" in change.values:
                state = change.values["state"]
                if state != TaskInstanceState.SCHEDULED:
                    world.ready.discard(pk, key)
                if key in run_.machine.tis or state not in EXECUTING_STATES:
                    world.slots.note(run_, key, state)
        for key in decided.deleted:
            world.ready.discard(pk, key)
        for attempt_id in decided.closed:
            world.book.attempts.pop(attempt_id, None)
        for key in decided.ready:
            admit.enqueue(world, run_, key)
        for at, key in decided.timers:
            world.timers.at(at, TaskDue(pk, key, at))
        self.batch.cancel.update(decided.cancel)
        if decided.run:
            known = {k: v for k, v in decided.run.items() if k in _RUN_COLUMNS}
            run_.row = run_.row._replace(**known)
        if decided.run_state is not None:
            run_.row = run_.row._replace(state=decided.run_state)
            self._run_state_changed(run_, decided.run_state)
        self.batch.add(pk, decided)
        past.changed(self, run_, decided)

    def quarantine(self, row: RunRow, error: Exception) -> None:
        """Set a run aside with a readable reason; its processes are ended, all else goes on."""
        reason = _reason(row, error)
        log.error("%s", reason, exc_info=None if isinstance(error, SlipstreamError) else error)
        world = self.world
        open_attempts = [a for a, (pk, _) in world.book.attempts.items() if pk == row.id]
        self.batch.cancel.update(dict.fromkeys(open_attempts, "its run was set aside"))
        self.forget(row.id)
        self.batch.add(row.id, Decision(run={"quarantined": reason}))

    def discard(self, pk: int) -> None:
        """Drop a run that is no longer in the database, and what was decided about it."""
        world, batch = self.world, self.batch
        batch.cancel.update(
            {
                a: "its run was deleted"
                for a, (owner, _) in world.book.attempts.items()
                if owner == pk
            }
        )
        self.forget(pk)
        batch.decisions.pop(pk, None)
        batch.attempts = [a for a in batch.attempts if a.dag_run_id != pk]
        batch.workloads = [w for w in batch.workloads if w.dag_run_pk != pk]

    def forget(self, pk: int) -> None:
        """Drop a run from memory now."""
        self.world.slots.drop(pk)
        self.world.ready.discard_run(pk)
        self.world.past.drop(pk)
        self.world.unsettled.pop(pk, None)
        self.world.book.drop(pk)

    def _run_state_changed(self, run_: ActiveRun, state: DagRunState) -> None:
        book = self.world.book
        book.set_running(run_, state is DagRunState.RUNNING)
        if state is DagRunState.RUNNING:
            book.take_from_queue(run_.pk)
            self._arm_timeout(run_)
            return
        self.batch.evict.append(run_.pk)
        if state is not DagRunState.QUEUED:
            self.world.finished.append(run_.row)

    def _arm_timeout(self, run_: ActiveRun) -> None:
        limit = run_.machine.plan.dagrun_timeout_s
        started = run_.row.start_date
        if limit is None or started is None:
            return
        left = limit - (self.now - started).total_seconds()
        self.world.timers.after(left, RunTimeout(run_.pk, run_.row.clear_number))


def _reason(row: RunRow, error: Exception) -> str:
    what = f"Run {row.run_id!r} of DAG {row.dag_id!r} was set aside"
    if isinstance(error, SlipstreamError):
        return f"{what}: {error}"
    last = traceback.extract_tb(error.__traceback__)[-1:]
    where = f" ({last[0].filename.rsplit('/', 1)[-1]}:{last[0].lineno})" if last else ""
    return f"{what}: the engine failed on it with {type(error).__name__}: {error}{where}"
