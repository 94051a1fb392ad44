"""A simulated scheduler: the real machine, admission and sharing around a dict for a database.

It knows its own runs and quotas, and nothing of what other schedulers hold in memory. It may die
at any point of a turn; what it has not committed never happened.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tests.simulation.database import OVER, Attempt, Database, Quota

from slipstream.machine.admission import Candidate, Limits, PoolLimit, ReadyQueue, admit
from slipstream.machine.dagrun import QueuedRun, startable
from slipstream.machine.decision import Decision
from slipstream.machine.event import (
    Admitted,
    Continued,
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
from slipstream.machine.sharing import dags_due, divide
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
        """Its job's id: one that died comes back under another."""
        self.world = world
        self.db: Database = world.db
        self.rnd: random.Random = world.rnd
        self.machines: dict[int, RunMachine] = {}
        self.mail: list[tuple[int, Event]] = []
        self.db.running.add(name)
        self._others: set[int] = set()
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
        if self.rnd.random() < 0.4:
            self._share()
        self._load_all(now)
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
        for pk, machine in list(self.machines.items()):
            if machine.has_more:
                self._on(pk, Continued())
            self._look_after(pk, now)
        self._start_runs(now)
        self._admit(now)
        self.world.maybe_crash(0.004)
        if not self.db.commit(
            self.name, self.decisions, self.attempts, self.done, self.settled, self.messages
        ):
            # It was away so long that others have its runs: what it holds is void.
            raise Crash
        self.world.maybe_crash(0.004)
        self._settle_quotas(now)
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

    def leave(self) -> None:
        """Stop in good order: free what is at rest, then all the rest."""
        self.db.give_up(self.name, self._at_rest())
        self.world.maybe_crash(0.1)
        self.db.bury(self.name)

    def _share(self) -> None:
        """Bury the dead; claim DAGs, or give some up."""
        db = self.db
        for other in sorted(db.running - {self.name}):
            if self.world.has_lapsed(other):
                db.bury(other)
                self.world.maybe_crash(0.02)
        self._others = db.running - {self.name}
        owned = {name: len(db.dags_of(name)) for name in sorted(db.running | {self.name})}
        free = sorted(db.dags_of(None))
        due = dags_due({str(k): n for k, n in owned.items()}, len(free))[str(self.name)]
        n = due - owned[self.name]
        is_held = True
        if n > 0:
            is_held = db.claim(self.name, self.rnd.sample(free, min(n, len(free))))
        elif n < 0:
            given = self._at_rest()[:-n]
            is_held = db.give_up(self.name, given)
            for pk in db.of_dags(set(given)):
                self.machines.pop(pk, None)
        if not is_held:
            raise Crash
        self.world.maybe_crash(0.02)

    def _at_rest(self) -> list[str]:
        busy = {
            machine.plan.dag_id
            for machine in self.machines.values()
            if any(ti.state in (S.QUEUED, S.RUNNING, S.RESTARTING) for ti in machine.tis.values())
        }
        return sorted(self.db.dags_of(self.name) - busy)

    def _load_all(self, now: datetime) -> None:
        for pk in self.db.of_dags(self.db.dags_of(self.name)):
            if pk not in self.machines:
                self._load(pk, now)

    def _settle_quotas(self, now: datetime) -> None:
        """Ask for slots for what waits, and give back what others wait for."""
        for name in self.db.pools:
            waiting = [
                machine.plan.task(ti.key.task_id).pool_slots
                for machine in self.machines.values()
                if machine.state is DagRunState.RUNNING
                for ti in machine.tis.values()
                if ti.state is S.SCHEDULED and machine.plan.task(ti.key.task_id).pool == name
            ]
            least = min(waiting, default=0)
            if not self.db.settle(self.name, name, sum(waiting), least, not self._others, now):
                raise Crash

    def _load(self, pk: int, now: datetime) -> None:
        run = self.db.runs[pk]
        facts = run.facts(pk, self.world.epoch)
        if run.created:
            machine, d = RunMachine.restore(run.plan, facts, self.db.rows_of(pk), now)
        else:
            machine, d = RunMachine.new(run.plan, facts, now, self.rnd.choice((None, 1, 2)))
        machine.pace = self.rnd.choice((None, 1, 2))
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
                    self._on(pk, TriggerFired(ti.key, ti.attempt_id or "", "resume", {}))
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
        running: dict[tuple[str, int | None], int] = {}
        for machine in self.machines.values():
            if machine.state is DagRunState.RUNNING:
                lane = (machine.plan.dag_id, None)
                running[lane] = running.get(lane, 0) + 1
        queued = [
            QueuedRun(pk, m.plan.dag_id, self.world.epoch, self.db.max_active_runs)
            for pk, m in self.machines.items()
            if m.state is DagRunState.QUEUED and not m.has_more
        ]
        for run in startable(queued, running, now):
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
        """Count what the own runs hold, against the own part of each pool."""
        pools = {name: PoolLimit(self._part(name), size=n) for name, n in self.db.pools.items()}
        limits = Limits(parallelism=self.world.parallelism, pools=pools)
        for pk, machine in self.machines.items():
            for key, ti in machine.tis.items():
                if ti.state in (S.QUEUED, S.RUNNING):
                    limits.take(self._candidate(pk, key).group, key.task_id)
        return limits

    def _part(self, name: str) -> int:
        """Return what it may use of a pool: less than it holds while others wait for some."""
        quotas = {self.name: Quota(), **self.db.quotas[name]}
        mine = quotas[self.name]
        if not any(q.wanted for who, q in quotas.items() if who != self.name):
            return mine.slots
        claims = [q.claim(who) for who, q in quotas.items()]
        return min(mine.slots, divide(self.db.pools[name], claims, self.world.now)[str(self.name)])
