"""The simulated database: what survives every crash. Each method is one transaction."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.unit.machine.build import Rows

from slipstream.attempt import Outcome
from slipstream.machine.decision import Decision
from slipstream.machine.event import Event, TIKey
from slipstream.machine.instance import RunFacts
from slipstream.machine.plan import DagPlan
from slipstream.machine.sharing import Claim, divide, next_quota
from slipstream.spec import DagSpec
from slipstream.state import DagRunState
from slipstream.state import TaskInstanceState as S

OVER = (DagRunState.SUCCESS, DagRunState.FAILED)


@dataclass(slots=True)
class Attempt:
    """A row of the attempt table, and what the simulation knows of the process."""

    dag_run_pk: int
    key: TIKey
    queued_at: datetime
    state: str = "queued"
    host: int | None = None
    outcome: Outcome | None = None
    applied: bool = False
    n_processes: int = 0


@dataclass(slots=True)
class Run:
    spec: DagSpec
    plan: DagPlan
    rows: Rows = field(default_factory=Rows)
    created: bool = False
    tampered: bool = False
    """Somebody marked it or its instances: its end is theirs, not the rules'."""

    @property
    def dag_id(self) -> str:
        return self.plan.dag_id

    @property
    def state(self) -> DagRunState:
        state: DagRunState = self.rows.run.get("state", DagRunState.QUEUED)
        return state

    def facts(self, pk: int, run_after: datetime) -> RunFacts:
        return RunFacts(
            dag_run_pk=pk,
            run_id=f"run-{pk}",
            run_after=run_after,
            state=self.state,
            start_date=self.rows.run.get("start_date"),
            end_date=self.rows.run.get("end_date"),
            clear_number=self.rows.run.get("clear_number", 0),
        )


@dataclass(slots=True)
class Quota:
    """A scheduler's part of a pool."""

    slots: int = 0
    wanted: int = 0
    least: int = 0
    stuck_since: datetime | None = None

    def claim(self, who: int) -> Claim:
        return Claim(str(who), self.slots + self.wanted, self.least, self.stuck_since)


class Database:
    def __init__(self, pools: dict[str, int], max_active_runs: int) -> None:
        self.runs: dict[int, Run] = {}
        self.attempts: dict[str, Attempt] = {}
        self.inbox: list[tuple[int, Event]] = []
        self.pools = pools
        self.max_active_runs = max_active_runs
        self.owners: dict[str, int | None] = {}
        """Which scheduler owns which DAG."""
        self.running: set[int] = set()
        """The schedulers whose jobs run."""
        self.quotas: dict[str, dict[int, Quota]] = {name: {} for name in pools}

    def of_dags(self, dag_ids: set[str]) -> list[int]:
        return [pk for pk, run in self.runs.items() if run.dag_id in dag_ids]

    def dags_of(self, owner: int | None) -> set[str]:
        return {dag_id for dag_id, who in self.owners.items() if who == owner}

    # -- how schedulers share ------------------------------------------------------------------

    def bury(self, dead: int) -> None:
        """End a scheduler's job and free all that it has."""
        self.running.discard(dead)
        for dag_id in self.dags_of(dead):
            self.owners[dag_id] = None
        for quotas in self.quotas.values():
            quotas.pop(dead, None)

    def claim(self, scheduler: int, dag_ids: list[str]) -> bool:
        """Take free DAGs, and the slots that they occupy; False for one whose lease is lost."""
        if scheduler not in self.running:
            return False
        for dag_id in dag_ids:
            assert self.owners[dag_id] is None
            self.owners[dag_id] = scheduler
        for name, n in self.used(set(dag_ids)).items():
            self.quotas[name].setdefault(scheduler, Quota()).slots += n
        self.check_quotas()
        return True

    def give_up(self, scheduler: int, dag_ids: list[str]) -> bool:
        """Free DAGs that are at rest; False for a scheduler whose lease is lost."""
        if scheduler not in self.running:
            return False
        assert not +self.used(set(dag_ids))
        for dag_id in dag_ids:
            assert self.owners[dag_id] == scheduler
            self.owners[dag_id] = None
        return True

    def settle(
        self, scheduler: int, name: str, demand: int, least: int, is_alone: bool, now: datetime
    ) -> bool:
        """Bring a quota in line with what its scheduler needs; False when its lease is lost."""
        if scheduler not in self.running:
            return False
        quotas = self.quotas[name]
        mine = quotas.setdefault(scheduler, Quota())
        used = self.used(self.dags_of(scheduler))[name]
        size = self.pools[name] - self.used(self.dags_of(None))[name]
        claims = [q.claim(who) for who, q in quotas.items() if who != scheduler]
        claims.append(Claim(str(scheduler), used + demand, least, mine.stuck_since))
        mine.slots = next_quota(
            mine.slots,
            used,
            used + demand,
            due=divide(max(size, 0), claims, now)[str(scheduler)],
            free=size - sum(q.slots for q in quotas.values()),
            wanted=sum(q.wanted for who, q in quotas.items() if who != scheduler),
            is_alone=is_alone,
        )
        mine.wanted = max(0, min(used + demand, self.pools[name]) - mine.slots)
        mine.least = least if mine.wanted else 0
        is_stuck = used == 0 and least > 0
        mine.stuck_since = (mine.stuck_since or now) if is_stuck else None
        self.check_quotas()
        return True

    # -- what schedulers write -----------------------------------------------------------------

    def commit(
        self,
        scheduler: int,
        decisions: dict[int, Decision],
        attempts: dict[str, Attempt],
        done: list[str],
        settled: list[str],
        messages: list[tuple[int, Event]],
    ) -> bool:
        """Write a turn, or nothing at all when the scheduler's lease is lost."""
        if scheduler not in self.running:
            return False
        touched = {*decisions, *(self.attempts[i].dag_run_pk for i in [*done, *settled])}
        for pk in touched:
            # What its lease holds, no other scheduler has meanwhile got.
            assert self.owners[self.runs[pk].dag_id] == scheduler, f"run {pk} is another's"
        for attempt_id in settled:
            self.attempts[attempt_id].applied = True
        for attempt_id in done:
            self.attempts[attempt_id].state = "done"
        self.attempts |= attempts
        for pk, d in decisions.items():
            self.runs[pk].rows.save(d)
            self.runs[pk].created = True
            for attempt_id in d.closed:
                attempt = self.attempts[attempt_id]
                assert not attempt.applied, f"attempt {attempt_id} was applied twice"
                attempt.applied = True
                if attempt.state == "queued":
                    attempt.state = "done"
        for message in messages:
            self.inbox.remove(message)
        self.check_limits()
        return True

    def executing(self) -> list[tuple[int, TIKey]]:
        return [
            (pk, k)
            for pk, run in self.runs.items()
            for k, row in run.rows.rows.items()
            if row["state"] in (S.QUEUED, S.RUNNING)
        ]

    def used(self, dag_ids: set[str]) -> Counter[str]:
        """Return the slots that instances of these DAGs occupy, by pool."""
        used: Counter[str] = Counter()
        for pk, key in self.executing():
            if self.runs[pk].dag_id in dag_ids:
                task = self.runs[pk].plan.task(key.task_id)
                used[task.pool] += task.pool_slots
        return used

    def check_quotas(self) -> None:
        """Raise AssertionError when more of a pool is given out, or in use, than there is."""
        of_nobody = self.used(self.dags_of(None))
        for name, size in self.pools.items():
            given = sum(q.slots for q in self.quotas[name].values())
            assert given + of_nobody[name] <= size, f"pool {name}: {given} + {of_nobody} of {size}"
        for scheduler in self.running:
            for name, n in self.used(self.dags_of(scheduler)).items():
                held = self.quotas[name].get(scheduler, Quota()).slots
                assert n <= held, f"scheduler {scheduler} uses {n} of its {held} in {name}"

    def check_limits(self) -> None:
        """Raise AssertionError when a limit is exceeded."""
        self.check_quotas()
        used: Counter[str] = Counter()
        per_run: Counter[int] = Counter()
        per_task: Counter[tuple[str, str]] = Counter()
        for pk, k in self.executing():
            task = self.runs[pk].plan.task(k.task_id)
            used[task.pool] += task.pool_slots
            per_run[pk] += 1
            per_task[self.runs[pk].dag_id, k.task_id] += 1
            if task.max_active_tis_per_dag is not None:
                n = per_task[self.runs[pk].dag_id, k.task_id]
                assert n <= task.max_active_tis_per_dag, f"too many of {k.task_id}"
        for pool, n in used.items():
            assert n <= self.pools[pool], f"pool {pool}: {n} of {self.pools[pool]}"
        for pk, n in per_run.items():
            assert n <= self.runs[pk].plan.max_active_tasks, f"run {pk} has {n} tasks"
        running = Counter(r.dag_id for r in self.runs.values() if r.state is DagRunState.RUNNING)
        for dag_id, n in running.items():
            assert n <= self.max_active_runs, f"{n} runs of {dag_id}"

    # -- what hosts write ----------------------------------------------------------------------

    def start(self, attempt_id: str, host: int) -> bool:
        """Compare and set queued -> running; False refuses a duplicate or a cancelled one."""
        attempt = self.attempts[attempt_id]
        if attempt.state != "queued":
            return False
        attempt.state, attempt.host = "running", host
        attempt.n_processes += 1
        assert attempt.n_processes == 1, f"attempt {attempt_id} ran twice"
        return True

    def finish(self, outcome: Outcome) -> bool:
        """Compare and set running -> done."""
        attempt = self.attempts[outcome.attempt_id]
        if attempt.state != "running":
            return False
        attempt.state, attempt.outcome = "done", outcome
        return True

    def unapplied(self, pk: int) -> list[tuple[str, Attempt]]:
        return [
            (i, a)
            for i, a in self.attempts.items()
            if a.dag_run_pk == pk and a.state == "done" and not a.applied and a.outcome
        ]

    def rows_of(self, pk: int) -> list[Any]:
        return self.runs[pk].rows.load()
