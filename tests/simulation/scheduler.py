"""A simulated scheduler: the real machine and admission around a dict for a database.

It may die at any point of a turn; what it has not committed never happened.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tests.simulation.database import OVER, Attempt, Database

from slipstream.machine.admission import Candidate, Limits, PoolLimit, ReadyQueue, admit
from slipstream.machine.dagrun import QueuedRun, startable
from slipstream.machine.decision import Decision
from slipstream.machine.event import (
    Admitted,
    Event,
    Finished,
    HandedBack,
    HostLost,
    Marked,
    RunMarked,
    RunStarted,
    RunTimedOut,
    TIKey,
    TimerDue,
    TriggerFired,
)
from slipstream.machine.run import RunMachine
from slipstream.state import DagRunState
from slipstream.state import TaskInstanceState as S

if TYPE_CHECKING:
    from tests.simulation.world import World

STUCK_AFTER = timedelta(seconds=120)


class Crash(Exception):
    """The process dies here."""


class Scheduler:
    def __init__(self, name: int, world: World) -> None:
        self.name = name
        self.world = world
        self.db: Database = world.db
        self.rnd: random.Random = world.rnd
        self.machines: dict[int, RunMachine] = {}
        self.mail: list[tuple[int, Event]] = []
        self._begin()

    def _begin(self) -> None:
        self.decisions: dict[int, Decision] = {}
        self.attempts: dict[str, Attempt] = {}
        self.done: list[str] = []
        self.settled: list[str] = []
        self.messages: list[tuple[int, Event]] = []

    def turn(self) -> None:
        """Take in what happened, decide, commit, hand out; raises Crash where it dies."""
        self._begin()
        now = self.world.now
        self._claim(now)
        for pk, event in self.mail:
            self._on(pk, event)
        self.mail = []
        for pk, event in self.db.inbox:
            if pk in self.machines:
                machine = self.machines[pk]
                if isinstance(event, RunMarked) or (
                    isinstance(event, Marked) and machine.state in OVER
                ):
                    self.db.runs[pk].tampered = True
                self._on(pk, event)
                self.messages.append((pk, event))
        for pk in list(self.machines):
            self._look_after(pk, now)
        self._start_runs(now)
        self._admit(now)
        self.world.maybe_crash(0.004)
        if not self.db.commit(
            self.name, self.decisions, self.attempts, self.done, self.settled, self.messages
        ):
            # It was away so long that another has its runs: what it holds is void.
            raise Crash
        self.world.maybe_crash(0.004)
        for attempt_id in self.attempts:
            self.world.submit(attempt_id)
        for d in self.decisions.values():
            for attempt_id in d.cancel:
                self.world.cancel(attempt_id)

    def _on(self, pk: int, event: Event) -> Decision | None:
        machine = self.machines.get(pk)
        if machine is None:
            return None
        d = machine.on(event, self.world.now)
        machine.validate_state()
        self._keep(pk, d)
        return d

    def _keep(self, pk: int, d: Decision) -> None:
        if pk in self.decisions:
            self.decisions[pk].merge(d)
        else:
            self.decisions[pk] = d

    def _claim(self, now: datetime) -> None:
        for pk, run in self.db.runs.items():
            if run.owner == self.name:
                if pk not in self.machines:
                    self._load(pk, now)
            elif run.owner is None or self.world.has_lapsed(run.owner):
                run.owner = self.name
                self._load(pk, now)

    def _load(self, pk: int, now: datetime) -> None:
        run = self.db.runs[pk]
        facts = run.facts(pk, self.world.epoch)
        if run.created:
            machine, d = RunMachine.restore(run.plan, facts, self.db.rows_of(pk), now)
        else:
            machine, d = RunMachine.new(run.plan, facts, now)
        machine.validate_state()
        self.machines[pk] = machine
        self._keep(pk, d)

    def _look_after(self, pk: int, now: datetime) -> None:
        """Timers, triggers, lost messages, dead hosts: everything that a slow poll finds."""
        for attempt_id, attempt in self.db.unapplied(pk):
            if attempt.outcome is not None:
                self._on(pk, Finished(attempt.key, attempt.outcome))
                self._settle(attempt_id)
        machine = self.machines[pk]
        for ti in list(machine.tis.values()):
            if ti.state in (S.UP_FOR_RETRY, S.UP_FOR_RESCHEDULE):
                if ti.retry_at is not None and ti.retry_at <= now:
                    self._on(pk, TimerDue(ti.key))
            elif ti.state is S.DEFERRED:
                if self.rnd.random() < 0.3:
                    self._on(pk, TriggerFired(ti.key, "resume", {}))
            elif ti.attempt_id is not None and ti.state in (S.QUEUED, S.RUNNING, S.RESTARTING):
                self._check_attempt(pk, ti.key, ti.attempt_id, now)
        if machine.times_out_at is not None and machine.times_out_at <= now:
            self.db.runs[pk].tampered = True
            self._on(pk, RunTimedOut())

    def _check_attempt(self, pk: int, key: TIKey, attempt_id: str, now: datetime) -> None:
        attempt = self.db.attempts.get(attempt_id)
        if attempt is None:
            return
        if attempt.state == "queued" and now - attempt.queued_at > STUCK_AFTER:
            self.done.append(attempt_id)
            self._on(pk, HandedBack(key, attempt_id))
        elif attempt.state == "running" and self.world.is_dead(attempt.host):
            self.done.append(attempt_id)
            self._on(pk, HostLost(key, attempt_id, "its host died"))

    def _settle(self, attempt_id: str) -> None:
        """An outcome that was refused is dealt with all the same."""
        if not any(attempt_id in d.closed for d in self.decisions.values()):
            self.settled.append(attempt_id)

    def _start_runs(self, now: datetime) -> None:
        running = sum(r.state is DagRunState.RUNNING for r in self.db.runs.values())
        running += sum(
            (d.run_state is DagRunState.RUNNING)
            - (
                self.db.runs[pk].state is DagRunState.RUNNING
                and self.machines[pk].state is not DagRunState.RUNNING
            )
            for pk, d in self.decisions.items()
        )
        queued = [
            QueuedRun(pk, "any", self.world.epoch, self.db.max_active_runs)
            for pk, m in self.machines.items()
            if m.state is DagRunState.QUEUED
        ]
        for run in startable(queued, {("any", None): running}, now):
            self._on(run.dag_run_pk, RunStarted())

    def _admit(self, now: datetime) -> None:
        queue, limits = ReadyQueue(), self._limits()
        for pk, machine in self.machines.items():
            if machine.state is not DagRunState.RUNNING:
                continue
            for ti in machine.tis.values():
                if ti.state is S.SCHEDULED:
                    queue.add(self._candidate(pk, ti.key))
        for c in admit(queue, limits).admitted:
            attempt_id = f"attempt-{len(self.db.attempts) + len(self.attempts)}"
            self.attempts[attempt_id] = Attempt(c.dag_run_pk, c.key, now)
            self._on(c.dag_run_pk, Admitted(c.key, attempt_id))

    def _candidate(self, pk: int, key: TIKey) -> Candidate:
        plan = self.machines[pk].plan
        return Candidate.of(
            plan.task(key.task_id),
            key,
            dag_id=plan.dag_id,
            dag_run_pk=pk,
            run_after=self.world.epoch,
            max_active_tasks=plan.max_active_tasks,
        )

    def _limits(self) -> Limits:
        """Count from the database, as the transaction would, and from this turn's own moves."""
        pools = {name: PoolLimit(slots) for name, slots in self.db.pools.items()}
        limits = Limits(parallelism=self.world.parallelism, pools=pools)
        mine = {
            (pk, k)
            for pk, m in self.machines.items()
            for k, ti in m.tis.items()
            if ti.state in (S.QUEUED, S.RUNNING)
        }
        others = {(pk, k) for pk, k in self.db.executing() if pk not in self.machines}
        for pk, k in mine | others:
            plan = self.db.runs[pk].plan
            c = Candidate.of(
                plan.task(k.task_id),
                k,
                dag_id=plan.dag_id,
                dag_run_pk=pk,
                run_after=self.world.epoch,
                max_active_tasks=plan.max_active_tasks,
            )
            limits.take(c.group, k.task_id)
        return limits
