"""A scheduler on SQLite with an executor in memory: real rows, real turns, no processes."""

from __future__ import annotations

import os
import select
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from slipstream import command
from slipstream.attempt import Outcome, Workload
from slipstream.clock import FakeClock
from slipstream.executors.base import (
    AttemptFinished,
    AttemptHandedBack,
    AttemptLost,
    AttemptRefused,
    AttemptStarted,
    CallbackDone,
    Capabilities,
    ExecutorEvent,
    Trouble,
)
from slipstream.scheduler.service import Scheduler, TurnReport
from slipstream.scheduler.settings import Settings
from slipstream.sdk.serialize import spec_hash
from slipstream.spec import DagSpec
from slipstream.state import DagRunTriggeredByType, TaskInstanceState
from slipstream.store import Store, attempt, dag, migrate, run, task_instance
from slipstream.store.row import RunRow

START = datetime(2026, 1, 1, tzinfo=UTC)


class MemoryExecutor:
    """Keeps the workloads; the test says what becomes of them."""

    trouble: Trouble | None = None

    def __init__(self, store: Store, clock: FakeClock, slots: int | None = None) -> None:
        self.name = "MemoryExecutor"
        self.capabilities = Capabilities(is_remote=False, slots=slots)
        self._store = store
        self._clock = clock
        self._fd = os.eventfd(0, os.EFD_NONBLOCK)
        self._events: list[ExecutorEvent] = []
        self.workloads: dict[str, Workload] = {}
        self.submitted: list[str] = []
        self.cancelled: list[str] = []
        self.heard_of: list[str] = []
        self.host_id = "host-1"

    def start(self, scheduler_id: str) -> None:
        self.scheduler_id = scheduler_id

    def fileno(self) -> int:
        return self._fd

    def submit(self, workloads: Sequence[Workload]) -> None:
        for workload in workloads:
            self.workloads[workload.attempt_id] = workload
            self.submitted.append(workload.attempt_id)

    def events(self) -> list[ExecutorEvent]:
        events, self._events = self._events, []
        if self._fd >= 0 and select.select([self._fd], [], [], 0)[0]:
            os.eventfd_read(self._fd)
        return events

    def cancel(self, reasons: Mapping[str, str]) -> None:
        self.cancelled += reasons

    def heard(self, attempt_ids: Sequence[str]) -> None:
        self.heard_of += attempt_ids

    def adopt(self, attempt_ids: Sequence[str]) -> set[str]:
        return {a for a in attempt_ids if a in self.workloads}

    def stop(self, deadline_s: float) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    # What a worker host would do

    def tell(self, event: ExecutorEvent) -> None:
        self._events.append(event)
        os.eventfd_write(self._fd, 1)

    def begin(self, attempt_id: str, *, tell: bool = True) -> bool:
        now = self._clock.now()
        start = attempt.AttemptStart(attempt_id, self.host_id, "testhost", 4711, now)
        if attempt_id not in self._store.write(attempt.start, [start]):
            return False
        if tell:
            self.tell(AttemptStarted(attempt_id, now, "testhost", 4711))
        return True

    def end(
        self,
        attempt_id: str,
        state: TaskInstanceState = TaskInstanceState.SUCCESS,
        *,
        tell: bool = True,
        **values: Any,
    ) -> bool:
        outcome = Outcome(
            attempt_id=attempt_id,
            state=state,
            started_at=self._clock.now(),
            ended_at=self._clock.now(),
            **values,
        )
        if attempt_id not in self._store.write(attempt.finish, [outcome]):
            return False
        self.workloads.pop(attempt_id, None)
        if tell:
            self.tell(AttemptFinished(attempt_id, outcome))
        return True

    def lose(self, attempt_id: str) -> None:
        self.workloads.pop(attempt_id, None)
        self.tell(AttemptLost(attempt_id, "the worker host was killed"))

    def refuse(self, attempt_id: str) -> None:
        self.workloads.pop(attempt_id, None)
        self.tell(AttemptRefused(attempt_id, "it has another version"))

    def hand_back(self, attempt_id: str) -> None:
        self.workloads.pop(attempt_id, None)
        self.tell(AttemptHandedBack(attempt_id))

    def callback_done(self, request_id: str) -> None:
        self.workloads.pop(request_id, None)
        self.tell(CallbackDone(request_id, True))

    def of(self, task_id: str, map_index: int = -1, run_id: str | None = None) -> str:
        """Return the attempt id of the workload of a task that is here."""
        for attempt_id, workload in self.workloads.items():
            if (workload.task_id, workload.map_index) == (task_id, map_index) and (
                run_id is None or workload.run_id == run_id
            ):
                return attempt_id
        raise LookupError(f"no workload of {task_id}; there are {sorted(self.here())}")

    def here(self) -> list[str]:
        return [
            w.task_id if w.kind == "task" else f"{w.kind}:{w.callback}"
            for w in self.workloads.values()
        ]


Outcomes = Callable[[Workload], TaskInstanceState]


def _succeed(_workload: Workload) -> TaskInstanceState:
    return TaskInstanceState.SUCCESS


class Rig:
    """A store, a clock, an executor, and a scheduler that can be replaced."""

    def __init__(self, url: str, **settings: Any) -> None:
        self.store = Store.open(url)
        migrate.upgrade(self.store)
        self.clock = FakeClock(START)
        self.settings = Settings(**{"linger_s": 0.0, **settings})
        self.executor = MemoryExecutor(self.store, self.clock)
        self._made: list[Scheduler] = []
        self.scheduler = self._make()

    def _make(self) -> Scheduler:
        made = Scheduler(
            self.store, {"MemoryExecutor": self.executor}, self.clock, settings=self.settings
        )
        self._made.append(made)
        return made

    def start(self) -> None:
        self.scheduler.start()

    def crash(self) -> None:
        """Let the scheduler vanish without a goodbye, and its executor with it."""
        self.clock.advance(self.settings.health_threshold_s + 1)
        self.executor = MemoryExecutor(self.store, self.clock)
        self.scheduler = self._make()

    def close(self) -> None:
        for scheduler in self._made:
            scheduler.stop(ok=False)
        self.store.close()

    def turn(self, n: int = 1) -> TurnReport:
        """Turn until there is nothing to do, and at least ``n`` times.

        On a busy machine a turn's share of time may be over after one message of hundreds.
        """
        for i in range(1000):
            report = self.scheduler.turn(0)
            if i + 1 >= n and not (report.wrote or report.n_events or report.more):
                return report
        raise AssertionError("the scheduler does not come to rest")

    def later(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.turn()

    def work(self, outcomes: Outcomes = _succeed, *, at_most: int = 10_000) -> int:
        """Run all that is handed out, and what follows from it, to the end."""
        n = 0
        self.turn()
        while n < at_most:
            todo = [a for a, w in self.executor.workloads.items() if w.kind == "task"]
            if not todo:
                return n
            for attempt_id in todo:
                workload = self.executor.workloads[attempt_id]
                if self.executor.begin(attempt_id):
                    self.executor.end(attempt_id, outcomes(workload))
                else:
                    self.executor.workloads.pop(attempt_id)
                n += 1
            self.turn()
        return n

    # DAGs and runs

    def add_dag(self, spec: DagSpec, *, paused: bool = False) -> None:
        self.add_dags([spec], paused=paused)

    def add_dags(self, specs: Sequence[DagSpec], *, paused: bool = False) -> None:
        files = [self._file(spec, paused) for spec in specs]
        self.store.write(dag.upsert_file, files, self.clock.now())
        self.store.wake("scheduler")

    def _file(self, spec: DagSpec, paused: bool) -> dag.ParsedFile:
        parsed = dag.ParsedDag(spec=spec, spec_hash=spec_hash(spec), is_paused_upon_creation=paused)
        return dag.ParsedFile(
            bundle_name="dags-folder",
            relative_fileloc=spec["relative_fileloc"],
            fileloc=f"/dags/{spec['relative_fileloc']}",
            mtime=0.0,
            size=1,
            duration_s=0.1,
            parsed_at=self.clock.now(),
            parsed_by="test",
            dags=[parsed],
        )

    def trigger(self, dag_id: str, **values: Any) -> RunRow:
        return command.trigger_run(
            self.store,
            self.clock,
            dag_id=dag_id,
            triggered_by=DagRunTriggeredByType.TEST,
            wait_s=0,
            **values,
        )

    def states(self, row: RunRow) -> dict[str, str | None]:
        with self.store.read() as conn:
            found = task_instance.states(conn, row.id)
        return {t if i < 0 else f"{t}[{i}]": s for (t, i), s in found.items()}

    def run_state(self, row: RunRow) -> str:
        return self.row(row).state

    def row(self, row: RunRow) -> RunRow:
        with self.store.read() as conn:
            found = run.get_by_pk(conn, row.id)
        assert found is not None
        return found


def dag_spec(
    dag_id: str,
    tasks: dict[str, Sequence[str]],
    *,
    task: dict[str, dict[str, Any]] | None = None,
    timetable: dict[str, Any] | None = None,
    **values: Any,
) -> DagSpec:
    """Make a spec of ``task_id -> its downstream``; ``task`` adds to single tasks."""
    return {
        "spec": 1,
        "dag_id": dag_id,
        "relative_fileloc": f"{dag_id}.py",
        "timetable": timetable or {"type": "null"},
        "max_active_tasks": 16,
        "max_active_runs": 16,
        "tasks": [
            {
                "task_id": task_id,
                "type": "PythonOperator",
                "module": "airflow.providers.standard.operators.python",
                **({"downstream": sorted(downstream)} if downstream else {}),
                **(task or {}).get(task_id, {}),
            }
            for task_id, downstream in tasks.items()
        ],
        **values,
    }  # type: ignore[typeddict-item]


def sqlite_url(folder: Path) -> str:
    return f"sqlite:///{folder}/test.db"
