"""The simulated world: a virtual clock, unreliable messages, hosts and processes that die.

All chance comes from one seed, so that a seed replays a history exactly.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.simulation.database import OVER, Database, Run
from tests.simulation.scheduler import Crash, Scheduler
from tests.unit.machine.build import dag, task
from tests.unit.machine.oracle import DONE, Oracle

from slipstream.attempt import Outcome
from slipstream.machine.event import Cleared, Event, Finished, Marked, RunMarked, Started, TIKey
from slipstream.machine.plan import compile_plan
from slipstream.spec import DagSpec
from slipstream.state import DagRunState, TriggerRule
from slipstream.state import TaskInstanceState as S

LEASE = timedelta(seconds=10)
RULES = [r.value for r in TriggerRule]


class World:
    """One history: some DAG runs, some schedulers, three hosts, faults for a while, then peace."""

    def __init__(self, seed: int) -> None:
        self.rnd = random.Random(seed)
        self.epoch = self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.n_steps = 0
        self.peace = False
        self.parallelism = self.rnd.randint(2, 8)
        self.db = Database(
            pools={"default_pool": self.rnd.randint(2, 6), "small": self.rnd.randint(1, 2)},
            max_active_runs=self.rnd.randint(1, 4),
        )
        self._heap: list[tuple[datetime, int, Callable[[], None]]] = []
        self._seq = 0
        self.hosts: dict[int, dict[str, bool]] = {0: {}, 1: {}, 2: {}}
        """Per living host its processes; the value says whether it was told to end."""
        self._n_hosts = 3
        self.schedulers: dict[int, Scheduler | None] = dict.fromkeys(range(self.rnd.randint(1, 3)))
        self.seen: dict[int, datetime] = {}
        """When each scheduler, by the id of its life, last gave a sign of it."""
        self._death_shows = self.rnd.random() < 0.5
        """Schedulers are on one machine, and see each other's processes end."""
        specs = [random_dag(self.rnd, which) for which in range(self.rnd.randint(1, 4))]
        self.db.owners = {spec["dag_id"]: None for spec in specs}
        for pk in range(self.rnd.randint(2, 6)):
            spec = self.rnd.choice(specs)
            self.db.runs[pk] = Run(spec, compile_plan(spec))
        for name in self.schedulers:
            self._later(0, lambda name=name: self._turn(name))

    # -- running -----------------------------------------------------------------------------

    def play(self, fault_s: float = 600.0, limit_s: float = 200_000.0) -> int:
        """Play until every run has ended; returns the number of steps."""
        self._later(self.rnd.expovariate(1 / 20), self._fault)
        self._later(fault_s, self._make_peace)
        end = self.now + timedelta(seconds=limit_s)
        while self._heap:
            at, _, action = heapq.heappop(self._heap)
            self.now = at
            self.n_steps += 1
            action()
            if self.peace and self._is_over():
                break
            assert at < end, self._stuck()
        self._check_end()
        return self.n_steps

    def _later(self, seconds: float, action: Callable[[], None]) -> None:
        self._seq += 1
        heapq.heappush(self._heap, (self.now + timedelta(seconds=seconds), self._seq, action))

    def _make_peace(self) -> None:
        self.peace = True

    # -- schedulers ----------------------------------------------------------------------------

    def _turn(self, name: int) -> None:
        scheduler = self.schedulers[name]
        if scheduler is None:
            scheduler = self.schedulers[name] = Scheduler(len(self.seen), self)
        self.seen[scheduler.name] = self.now
        pause = self.rnd.expovariate(1 / 2)
        try:
            scheduler.turn()
        except Crash:
            self.schedulers[name] = None
            pause = self.rnd.uniform(1, 90)
        if not self.peace and self.rnd.random() < 0.005:
            pause = self.rnd.uniform(20, 200)  # stopped, swapped out, clock jump
        self._later(pause, lambda: self._turn(name))

    def maybe_crash(self, chance: float) -> None:
        if not self.peace and self.rnd.random() < chance:
            raise Crash

    def has_lapsed(self, scheduler: int) -> bool:
        if self._death_shows and self._by_name(scheduler) is None:
            return True
        return self.now - self.seen[scheduler] > LEASE

    def _by_name(self, name: int | None) -> Scheduler | None:
        return next((s for s in self.schedulers.values() if s and s.name == name), None)

    def _tell(self, pk: int, event: Event) -> None:
        """Send a message to the run's scheduler: it may be late, come twice or never."""
        for _ in range(self.rnd.choice([1, 1, 1, 1, 2, 0])):
            self._later(self.rnd.expovariate(1), lambda: self._deliver(pk, event))

    def _deliver(self, pk: int, event: Event) -> None:
        scheduler = self._by_name(self.db.owners[self.db.runs[pk].dag_id])
        if scheduler is not None:
            scheduler.mail.append((pk, event))

    # -- hosts -----------------------------------------------------------------------------------

    def submit(self, attempt_id: str) -> None:
        for _ in range(self.rnd.choice([1, 1, 1, 1, 2, 0] if not self.peace else [1])):
            host = self.rnd.choice([*self.hosts, 0])
            delay = self.rnd.expovariate(1 / 3)
            self._later(delay, lambda host=host: self._launch(host, attempt_id))

    def _launch(self, host: int, attempt_id: str) -> None:
        if host not in self.hosts or not self.db.start(attempt_id, host):
            return
        attempt = self.db.attempts[attempt_id]
        self.hosts[host][attempt_id] = False
        self._tell(attempt.dag_run_pk, Started(attempt.key, attempt_id, self.now, f"h{host}", 1))
        self._later(self.rnd.expovariate(1 / 10), lambda: self._end(host, attempt_id))

    def cancel(self, attempt_id: str) -> None:
        for host, processes in self.hosts.items():
            if attempt_id in processes:
                processes[attempt_id] = True
                self._later(self.rnd.uniform(0, 5), lambda host=host: self._end(host, attempt_id))

    def _end(self, host: int, attempt_id: str) -> None:
        processes = self.hosts.get(host, {})
        if attempt_id not in processes:
            return
        is_killed = processes.pop(attempt_id)
        attempt = self.db.attempts[attempt_id]
        if is_killed:
            outcome = Outcome(attempt_id=attempt_id, state=S.FAILED, error="killed")
        else:
            outcome = self._outcome(attempt_id, attempt.dag_run_pk, attempt.key)
        outcome.ended_at = self.now
        if self.db.finish(outcome):
            self._tell(attempt.dag_run_pk, Finished(attempt.key, outcome))

    def _outcome(self, attempt_id: str, pk: int, key: TIKey) -> Outcome:
        outcome = Outcome(attempt_id=attempt_id, state=S.SUCCESS)
        plan = self.db.runs[pk].plan
        chance = self.rnd.random()
        if chance < 0.12:
            outcome.state = S.FAILED
        elif chance < 0.15:
            outcome.state, outcome.retryable = S.FAILED, False
        elif chance < 0.19:
            outcome.state = S.SKIPPED
        elif chance < 0.25:
            outcome.state = S.UP_FOR_RESCHEDULE
            outcome.reschedule_at = self.now + timedelta(seconds=self.rnd.uniform(0, 60))
        elif chance < 0.29:
            outcome.state, outcome.defer = S.DEFERRED, {"trigger": "t"}
        else:
            i = plan.index[key.task_id]
            below = [plan.tasks[d].task_id for d in plan.downstream[i]]
            if below and chance < 0.4:
                outcome.skip = self.rnd.sample(below, self.rnd.randint(1, len(below)))
            if i in plan.mapping_sources:
                outcome.map_length = self.rnd.randint(0, 4)
        return outcome

    def is_dead(self, host: int | None) -> bool:
        return host is not None and host not in self.hosts

    # -- faults and people -------------------------------------------------------------------

    def _fault(self) -> None:
        if self.peace:
            return
        kind = self.rnd.random()
        pk = self.rnd.choice(list(self.db.runs))
        keys = list(self.db.runs[pk].rows.rows)
        if kind < 0.25:
            host = self.rnd.choice(list(self.hosts))
            del self.hosts[host]
            self.hosts[self._n_hosts] = {}
            self._n_hosts += 1
        elif kind < 0.36:
            self.schedulers[self.rnd.choice(list(self.schedulers))] = None
        elif kind < 0.4:
            self._leave(self.rnd.choice(list(self.schedulers)))
        elif kind < 0.7 and keys:
            chosen = self.rnd.sample(keys, self.rnd.randint(1, len(keys)))
            self.db.inbox.append((pk, Cleared(tuple(chosen), by="chance")))
        elif kind < 0.85 and keys:
            state = self.rnd.choice([S.SUCCESS, S.FAILED, S.SKIPPED])
            self.db.inbox.append((pk, Marked((self.rnd.choice(keys),), state)))
        elif kind < 0.9:
            state_of_run = self.rnd.choice([DagRunState.SUCCESS, DagRunState.FAILED])
            self.db.inbox.append((pk, RunMarked(state_of_run)))
        self._later(self.rnd.expovariate(1 / 20), self._fault)

    def _leave(self, name: int) -> None:
        scheduler = self.schedulers[name]
        self.schedulers[name] = None  # its next turn is another's first
        if scheduler is not None:
            with suppress(Crash):
                scheduler.leave()

    # -- the end ---------------------------------------------------------------------------------

    def _is_over(self) -> bool:
        return not self.db.inbox and all(r.state in OVER for r in self.db.runs.values())

    def _stuck(self) -> str:
        lines = ["stuck:"]
        for scheduler in self.schedulers.values():
            for pk, m in scheduler.machines.items() if scheduler else ():
                if m.state not in OVER:
                    lines += [
                        f"  run {pk} {m.state} {k}: {m.explain(k, self.now).reasons}"
                        for k, ti in m.tis.items()
                        if ti.state not in DONE
                    ]
        return "\n".join(lines)

    def _check_end(self) -> None:
        """Every run has the end that its instances' states mean, and every success was real."""
        for pk, run in self.db.runs.items():
            rows = run.rows.rows
            is_mapped = any(t.is_expanded for t in run.plan.tasks)
            if not is_mapped and not run.tampered:
                states: dict[str, Any] = {k.task_id: r["state"] for k, r in rows.items()}
                expected = Oracle(run.spec).verdict(states) or "failed"
                assert run.state == expected, (pk, run.state, states)
            for k, row in rows.items():
                assert row["state"] in DONE or row["state"] is None, (pk, k, row)
                if row["attempt_id"] is not None:
                    attempt = self.db.attempts[row["attempt_id"]]
                    assert (attempt.dag_run_pk, attempt.key) == (pk, k)
                    assert attempt.applied, f"{row['attempt_id']} was never applied"
        for attempt_id, attempt in self.db.attempts.items():
            assert attempt.n_processes <= 1, f"{attempt_id} ran twice"


def random_dag(rnd: random.Random, which: int) -> DagSpec:
    n = rnd.randint(1, 9)
    names = [f"t{i}" for i in range(n)]
    is_mapped = rnd.random() < 0.25
    tasks = []
    for i, name in enumerate(names):
        down = [d for d in names[i + 1 :] if rnd.random() < 0.35]
        fields: dict[str, Any] = {"retries": rnd.choice([0, 0, 1, 2]), "retry_delay_s": 20.0}
        if rnd.random() < 0.4:
            fields["trigger_rule"] = rnd.choice(RULES)
        if rnd.random() < 0.1:
            fields["is_setup"] = True
        elif rnd.random() < 0.15:
            fields["is_teardown"] = True
        if rnd.random() < 0.1:
            fields["no_op"] = True
        if rnd.random() < 0.3:
            fields["pool"] = "small"
        if rnd.random() < 0.15:
            fields["max_active_tis_per_dag"] = 1
        if is_mapped and i and rnd.random() < 0.4:
            source = rnd.choice(names[:i])
            tasks[names.index(source)]["downstream"] = sorted(
                {*tasks[names.index(source)]["downstream"], name}
            )
            fields["mapped"] = {"kind": "expand", "by": {"x": {"xcom": [source, "return_value"]}}}
            fields["no_op"] = False
        tasks.append(task(name, *down, **fields))
    more: dict[str, Any] = {"fail_fast": True} if rnd.random() < 0.1 else {}
    if rnd.random() < 0.1:
        more["dagrun_timeout_s"] = rnd.uniform(30, 300)
    spec = dag(*tasks, **more)
    spec["dag_id"] = f"dag-{which}-{rnd.randint(0, 1_000_000)}"
    spec["max_active_tasks"] = rnd.randint(1, 5)
    return spec
