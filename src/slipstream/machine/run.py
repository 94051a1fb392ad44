"""``RunMachine``: one active dag run. An event goes in, a decision comes out.

Owns the order of a step: handler, then everything that follows in topological order, then the
run's verdict. Does no I/O and reads no clock; somebody else writes the decision.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self

from slipstream.errors import InvalidTransition
from slipstream.machine import restore as restoring
from slipstream.machine.check import check
from slipstream.machine.core import RunCore
from slipstream.machine.decision import Decision
from slipstream.machine.event import Continued, Event, PlanChanged, TIKey
from slipstream.machine.instance import RunFacts, TaskInstance
from slipstream.machine.mapping import first_indexes
from slipstream.machine.plan import DagPlan, TaskPlan
from slipstream.machine.readiness import settle
from slipstream.machine.table import RUN_HANDLERS, TI_HANDLERS
from slipstream.machine.verdict import conclude
from slipstream.state import DagRunState, DagRunType

if TYPE_CHECKING:
    from slipstream.machine.explain import AdmissionView, Explanation


class RunMachine(RunCore):
    """The state of one dag run, moved by ``on`` alone."""

    @classmethod
    def new(
        cls, plan: DagPlan, facts: RunFacts, now: datetime, pace: int | None = None
    ) -> tuple[Self, Decision]:
        """Make a fresh run's machine and its task instances; it waits for ``RunStarted``.

        With a pace, only so many are made now; ``Continued`` makes the others.
        """
        machine, d = cls(plan, facts), Decision()
        machine.pace = pace
        machine.missing = machine._find_missing()
        machine._create_missing(d, pace)
        machine._settle(now, d)
        return machine, d

    @classmethod
    def restore(
        cls, plan: DagPlan, facts: RunFacts, rows: Iterable[restoring.Row], now: datetime
    ) -> tuple[Self, Decision]:
        """Rebuild a machine from its stored rows; the decision holds what the plan changed.

        ``rows`` have the columns of ``task_instance`` as attributes. ``ready`` and ``timers``
        list what was ready and delayed; nothing that was decided before is decided again.
        """
        machine, d = cls(plan, facts), Decision()
        restoring.load(machine, rows, now, d)
        machine.missing = machine._find_missing()
        machine._create_missing(d)
        machine.touch_all()
        machine._settle(now, d)
        restoring.announce(machine, d)
        return machine, d

    def on(self, event: Event, now: datetime) -> Decision:
        """Apply one event; raises InvalidTransition for one that cannot happen in this state."""
        d = Decision()
        kind = type(event)
        self._create_missing(d, self.pace if kind is Continued else None)
        is_behind = self.has_more and kind is not Continued
        by_state = TI_HANDLERS.get(kind)
        if by_state is not None:
            key: TIKey = event.key  # type: ignore[attr-defined]
            ti = self.tis.get(key)
            if ti is None:
                return self._unknown(event, key, d)
            handler = by_state.get(ti.state)
            if handler is None:
                raise self._invalid(event, ti)
            handler(self, ti, event, now, d)
        elif kind is PlanChanged:
            assert isinstance(event, PlanChanged)
            self._change_plan(event.plan, now, d)
        else:
            run_handler = RUN_HANDLERS.get(kind)
            if run_handler is None:
                raise InvalidTransition(f"no handler for event {event!r}")
            run_handler(self, event, now, d)
        if d.refused is None and not (is_behind and self._may_move):
            self._settle(now, d)
        return d

    def explain(
        self, key: TIKey, now: datetime, admission: AdmissionView | None = None
    ) -> Explanation:
        """Say in words and data why a task instance is where it is; raises KeyError."""
        # explain imports much of the package; only a person's question needs it.
        from slipstream.machine.explain import explain

        return explain(self, self.tis[key], now, admission)

    def validate_state(self) -> None:
        """Check every invariant; raises AssertionError. For tests."""
        check(self)

    @property
    def times_out_at(self) -> datetime | None:
        """When ``dagrun_timeout`` passes, if the run is running and has one."""
        if (
            self.plan.dagrun_timeout_s is None
            or self.start_date is None
            or self.state is not DagRunState.RUNNING
        ):
            return None
        return self.start_date + timedelta(seconds=self.plan.dagrun_timeout_s)

    @property
    def _may_move(self) -> bool:
        return self.state is DagRunState.RUNNING and self.n_unfinished > 0

    def _settle(self, now: datetime, d: Decision) -> None:
        if self.missing is not None:
            return
        if self._dirty_heap:
            settle(self, now, d)
        if self.has_more:
            if self._may_move:
                return
            self.forget_touched()  # all is done already
        if (self.n_unfinished == 0 or self.n_active == 0) and self.state is DagRunState.RUNNING:
            conclude(self, now, d)

    def _unknown(self, event: Event, key: TIKey, d: Decision) -> Decision:
        """Refuse an event about an instance that the plan no longer has."""
        d.refused = (
            f"{type(event).__name__}: run {self.facts.run_id} has no {key.task_id}[{key.map_index}]"
        )
        return d

    def _invalid(self, event: Event, ti: TaskInstance) -> InvalidTransition:
        moments = {
            "scheduled": ti.scheduled_at,
            "queued": ti.queued_at,
            "started": ti.start_date,
            "ended": ti.end_date,
            "not before": ti.retry_at,
        }
        return InvalidTransition(
            f"{type(event).__name__} cannot happen to {ti.key.task_id}[{ti.map_index}] of run "
            f"{self.facts.run_id} ({self.plan.dag_id}) in state {ti.state}: {event!r}",
            story=[
                f"try {ti.try_number} of {ti.max_tries + 1}, attempt {ti.attempt_id}",
                *(f"{what} {at}" for what, at in moments.items() if at is not None),
            ],
        )

    def _create_missing(self, d: Decision, pace: int | None = None) -> None:
        """Make the instances that are missing, and with a pace so many at most."""
        if self.missing is None:
            return
        for task, map_index in self.missing:
            self.create(task, map_index, d)
            if pace is not None and len(d.changes) >= pace:
                return
        self.missing = None

    def _find_missing(self) -> Iterator[tuple[TaskPlan, int]]:
        absent = []
        for task in self.plan.tasks:
            if there := self.by_task[task.index]:
                for map_index in self._gaps(task, there):
                    yield task, map_index
                there.sort(key=lambda ti: ti.map_index)
            elif self._takes_part(task):
                for map_index in first_indexes(self.plan, task):
                    yield task, map_index
            else:
                absent.append(task.index)
        if absent:
            self.leave_out(frozenset(absent))

    def _gaps(self, task: TaskPlan, there: list[TaskInstance]) -> list[int]:
        """Return the map indexes that somebody deleted from between others.

        Of a run that has not begun also those above them: its making may have been cut short.
        """
        end = there[-1].map_index
        if self.start_date is None and end >= 0:
            end = max(end, first_indexes(self.plan, task)[-1])
        if end < len(there):
            return []
        return sorted(set(range(end + 1)) - {ti.map_index for ti in there})

    def _takes_part(self, task: TaskPlan) -> bool:
        """Whether the run's logical date is within the task's own start and end dates.

        As Airflow 3: otherwise it has no instance at all; a backfill ignores the dates.
        """
        date = self.facts.logical_date
        if date is None or self.facts.run_type is DagRunType.BACKFILL:
            return True
        return not (
            (task.start_date is not None and task.start_date > date)
            or (task.end_date is not None and task.end_date < date)
        )

    def _change_plan(self, plan: DagPlan, now: datetime, d: Decision) -> None:
        """Go on with another version of the DAG, keeping what was done."""
        old = list(self.tis.values())
        facts = self.facts
        core = RunCore(plan, facts)
        for name in ("state", "start_date", "end_date", "clear_number", "past_satisfied", "pace"):
            setattr(core, name, getattr(self, name))
        self.__dict__.update(core.__dict__)
        restoring.load(self, (restoring.from_instance(ti) for ti in old), now, d)
        self.missing = self._find_missing()
        self._create_missing(d)
        self.touch_all()
        self._settle(now, d)


__all__ = ["RunFacts", "RunMachine"]
