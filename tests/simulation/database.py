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
    owner: int | None = None
    created: bool = False
    tampered: bool = False
    """Somebody marked it or its instances: its end is theirs, not the rules'."""

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


class Database:
    def __init__(self, pools: dict[str, int], max_active_runs: int) -> None:
        self.runs: dict[int, Run] = {}
        self.attempts: dict[str, Attempt] = {}
        self.inbox: list[tuple[int, Event]] = []
        self.pools = pools
        self.max_active_runs = max_active_runs

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
        """Write a turn, or nothing at all when one of its runs has another owner by now."""
        touched = {*decisions, *(self.attempts[i].dag_run_pk for i in [*done, *settled])}
        if any(self.runs[pk].owner != scheduler for pk in touched):
            return False
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

    def check_limits(self) -> None:
        """Raise AssertionError when a limit is exceeded."""
        used: Counter[str] = Counter()
        per_run: Counter[int] = Counter()
        per_task: Counter[tuple[str, str]] = Counter()
        for pk, k in self.executing():
            task = self.runs[pk].plan.task(k.task_id)
            used[task.pool] += task.pool_slots
            per_run[pk] += 1
            per_task[self.runs[pk].plan.dag_id, k.task_id] += 1
            if task.max_active_tis_per_dag is not None:
                n = per_task[self.runs[pk].plan.dag_id, k.task_id]
                assert n <= task.max_active_tis_per_dag, f"too many of {k.task_id}"
        for pool, n in used.items():
            assert n <= self.pools[pool], f"pool {pool}: {n} of {self.pools[pool]}"
        for pk, n in per_run.items():
            assert n <= self.runs[pk].plan.max_active_tasks, f"run {pk} has {n} tasks"
        running = sum(r.state is DagRunState.RUNNING for r in self.runs.values())
        assert running <= self.max_active_runs, f"{running} runs"

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
