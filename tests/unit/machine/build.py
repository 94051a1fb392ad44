"""Short ways to write DAG specs and to drive a machine in tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from slipstream.attempt import Outcome
from slipstream.machine.decision import Decision
from slipstream.machine.event import (
    Admitted,
    Continued,
    Event,
    Finished,
    RunStarted,
    Started,
    TIKey,
)
from slipstream.machine.plan import DagPlan, compile_plan
from slipstream.machine.restore import COLUMNS
from slipstream.machine.run import RunFacts, RunMachine
from slipstream.spec import DagSpec, TaskSpec
from slipstream.state import DagRunState
from slipstream.state import TaskInstanceState as S

START = datetime(2026, 1, 1, tzinfo=UTC)


def task(task_id: str, *downstream: str, **fields: Any) -> TaskSpec:
    return {  # type: ignore[typeddict-item]
        "task_id": task_id,
        "type": "Operator",
        "module": "m",
        "downstream": list(downstream),
        **fields,
    }


def dag(*tasks: TaskSpec, **fields: Any) -> DagSpec:
    return {  # type: ignore[typeddict-item]
        "spec": 1,
        "dag_id": "d",
        "relative_fileloc": "d.py",
        "timetable": {"type": "null"},
        "max_active_tasks": 16,
        "max_active_runs": 16,
        "tasks": list(tasks),
        **fields,
    }


def key(name: str | TIKey) -> TIKey:
    """``a`` or ``a[3]``."""
    if isinstance(name, TIKey):
        return name
    task_id, _, rest = name.partition("[")
    return TIKey(task_id, int(rest[:-1]) if rest else -1)


class Rows:
    """A dict for a database: applies decisions the way the store does."""

    def __init__(self) -> None:
        self.rows: dict[TIKey, dict[str, Any]] = {}
        self.run: dict[str, Any] = {}

    def save(self, d: Decision) -> None:
        for k in d.deleted:
            del self.rows[k]
        for k in d.forgotten:  # perhaps twice, or made in the same turn
            self.rows.pop(k, None)
        for k, change in d.changes.items():
            if change.is_new:
                assert k not in self.rows, f"{k} is inserted twice"
                row: dict[str, Any] = dict.fromkeys(COLUMNS)
                row |= {"task_id": k.task_id, "map_index": k.map_index, "reschedule_count": 0}
                self.rows[k] = row
            self.rows[k].update(change.values)
        self.run.update(d.run)

    def load(self) -> list[Any]:
        return [SimpleNamespace(**row) for row in self.rows.values()]


class Driver:
    """A machine with a clock, a dict for a database and names for attempts.

    With a pace it goes on until nothing is left, unless ``lags``; one write covers it all.
    """

    def __init__(
        self,
        spec: DagSpec | DagPlan,
        start: bool = True,
        pace: int | None = None,
        lags: bool = False,
        **facts: Any,
    ) -> None:
        self.plan = spec if isinstance(spec, DagPlan) else compile_plan(spec)
        self.now = START
        self.n = 0
        self.db = Rows()
        self.facts = RunFacts(dag_run_pk=1, run_id="r", run_after=START, **facts)
        self.machine, d = RunMachine.new(self.plan, self.facts, self.now)
        self.machine.pace, self.lags = pace, lags
        self.decisions = [d]
        self.db.save(d)
        if start:
            self.on(RunStarted())

    def on(self, event: Event) -> Decision:
        d = self.machine.on(event, self.now)
        while self.machine.has_more and not self.lags:
            d.merge(self.machine.on(Continued(), self.now))
        self.db.save(d)
        self.decisions.append(d)
        self.machine.validate_state()
        return d

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def state(self, name: str | TIKey) -> S | None:
        return self.machine.tis[key(name)].state

    def states(self) -> dict[str, str | None]:
        return {
            k.task_id + (f"[{k.map_index}]" if k.map_index >= 0 else ""): ti.state
            for k, ti in self.machine.tis.items()
        }

    @property
    def run_state(self) -> DagRunState:
        return self.machine.state

    def attempt(self, name: str | TIKey) -> str:
        attempt_id = self.machine.tis[key(name)].attempt_id
        assert attempt_id is not None
        return attempt_id

    def admit(self, name: str | TIKey) -> str:
        self.n += 1
        attempt_id = f"attempt-{self.n}"
        self.on(Admitted(key(name), attempt_id))
        return attempt_id

    def start(self, name: str | TIKey) -> str:
        attempt_id = self.admit(name)
        self.on(Started(key(name), attempt_id, self.now, "host", 1))
        return attempt_id

    def end(self, name: str | TIKey, state: S = S.SUCCESS, **fields: Any) -> Decision:
        outcome = Outcome(
            attempt_id=self.attempt(name), state=state, **{"ended_at": self.now, **fields}
        )
        return self.on(Finished(key(name), outcome))

    def run(self, name: str | TIKey, state: S = S.SUCCESS, **fields: Any) -> Decision:
        """Admit, start and finish one instance."""
        self.start(name)
        return self.end(name, state, **fields)

    def facts_now(self) -> RunFacts:
        """The run's facts as the database has them now."""
        return RunFacts(
            dag_run_pk=1,
            run_id="r",
            run_after=START,
            run_type=self.facts.run_type,
            logical_date=self.facts.logical_date,
            state=self.db.run.get("state", DagRunState.QUEUED),
            start_date=self.db.run.get("start_date"),
            end_date=self.db.run.get("end_date"),
            clear_number=self.db.run.get("clear_number", 0),
            past_satisfied=frozenset(self.machine.past_satisfied),
        )

    def restored(self) -> tuple[RunMachine, Decision]:
        """Rebuild the machine from the database, as another scheduler would."""
        return RunMachine.restore(self.plan, self.facts_now(), self.db.load(), self.now)
