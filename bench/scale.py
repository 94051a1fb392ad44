"""Measure a scheduler's turns and memory at size: large runs, and many DAGs.

    python -m bench.scale                                      # on SQLite
    python -m bench.scale --database postgresql://user@127.0.0.1/bench
    python -m bench.scale --only graph --slots 8

A real scheduler on a real database, in a process of its own for each scenario; in place of worker
hosts, an executor in memory begins and ends whatever it is given, by the store's own functions.
The time that this takes is not in the turns. A turn that is long by the clock and short in CPU
waited for the database, or for other programs. The database that you name must be empty.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import statistics
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

Figures = dict[str, float]
Spec = dict[str, Any]


class MemoryExecutor:
    """Lets every attempt succeed at once: starts and finishes are written as a host writes them."""

    name = "MemoryExecutor"

    def __init__(self, store: Any) -> None:
        from slipstream.executors.base import Capabilities

        self.capabilities = Capabilities(is_remote=False, slots=None)
        self.trouble = None
        self._store = store
        self._fd = os.eventfd(0, os.EFD_NONBLOCK)
        self._events: list[Any] = []
        self.waiting: list[str] = []

    def start(self, scheduler_id: str) -> None:
        """Nothing to do."""

    def fileno(self) -> int:
        return self._fd

    def submit(self, workloads: Sequence[Any]) -> None:
        self.waiting += [workload.attempt_id for workload in workloads]

    def events(self) -> list[Any]:
        events, self._events = self._events, []
        return events

    def heard(self, attempt_ids: Sequence[str]) -> None:
        """Nothing to do."""

    def cancel(self, reasons: Mapping[str, str]) -> None:
        """Nothing to do."""

    def adopt(self, attempt_ids: Sequence[str]) -> set[str]:
        return set()

    def stop(self, deadline_s: float) -> None:
        os.close(self._fd)

    def work(self) -> int:
        """Begin and end what waits; the next turn hears of it. Return how many there were."""
        from slipstream.attempt import Outcome
        from slipstream.executors.base import AttemptFinished, AttemptStarted
        from slipstream.state import TaskInstanceState
        from slipstream.store import attempt

        ids, self.waiting = self.waiting, []
        if ids:
            now = datetime.now(UTC)
            starts = [attempt.AttemptStart(id, "bench", "bench", 1, now) for id in ids]
            outcomes = [
                Outcome(
                    attempt_id=id, state=TaskInstanceState.SUCCESS, started_at=now, ended_at=now
                )
                for id in ids
            ]
            self._store.write(attempt.start, starts)
            self._store.write(attempt.finish, outcomes)
            for outcome in outcomes:
                self._events += [
                    AttemptStarted(outcome.attempt_id, now, "bench", 1),
                    AttemptFinished(outcome.attempt_id, outcome),
                ]
        return len(ids)


class Watched:
    """A scheduler whose turns are timed."""

    def __init__(self, store: Any, n_slots: int) -> None:
        from slipstream.scheduler.service import Scheduler
        from slipstream.scheduler.settings import Settings

        self.executor = MemoryExecutor(store)
        settings = Settings(parallelism=n_slots)
        executors: Any = {self.executor.name: self.executor}
        self.scheduler = Scheduler(store, executors, settings=settings)
        self.turns: list[tuple[float, float]] = []
        """Seconds by the clock and of CPU."""
        self.n_ended = 0

    def turn(self) -> None:
        cpu = time.process_time()
        report = self.scheduler.turn(0)
        if report.wrote or report.n_events or report.n_created:
            self.turns.append((report.worked_s, time.process_time() - cpu))

    def work(self, n_tasks: int, timeout_s: float = 600) -> None:
        """Turn until so many attempts have ended, and once more, for what follows from the last."""
        ends_at = time.monotonic() + timeout_s
        while self.n_ended < n_tasks:
            if time.monotonic() > ends_at:
                raise TimeoutError(f"{self.n_ended} of {n_tasks} ended")
            self.turn()
            self.n_ended += self.executor.work()
        self.turn()

    def figures(self) -> Figures:
        """Leave out the very first turn, which compiles statements: once in a scheduler's life."""
        wall, cpu = zip(*self.turns[1:], strict=True)
        return {
            "turns": len(wall),
            "median_turn_ms": statistics.median(wall) * 1000,
            "longest_turn_ms": max(wall) * 1000,
            "longest_turn_cpu_ms": max(cpu) * 1000,
            "cpu_ms_per_task": sum(cpu) / self.n_ended * 1000,
            "peak_rss_mb": _peak_rss_mb(),
        }


def _peak_rss_mb() -> float:
    """Return the process's peak; by the kernel's mark, for a fork inherits what getrusage says."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("the kernel does not say how much memory there was")


def _spec(dag_id: str, tasks: list[Spec], **values: Any) -> Spec:
    for task in tasks:
        task["type"] = "PythonOperator"  # not empty: such a task never leaves the scheduler
        task["module"] = "airflow.providers.standard.operators.python"
    return {
        "spec": 1,
        "dag_id": dag_id,
        "relative_fileloc": f"{dag_id}.py",
        "timetable": {"type": "null"},
        "max_active_tasks": 10_000,
        "max_active_runs": 16,
        "tasks": tasks,
        **values,
    }


def _save(store: Any, specs: list[Any]) -> None:
    from slipstream.sdk.serialize import spec_hash
    from slipstream.store import dag

    now = datetime.now(UTC)
    files = [
        dag.ParsedFile(
            bundle_name="dags-folder",
            relative_fileloc=spec["relative_fileloc"],
            fileloc=f"/dags/{spec['relative_fileloc']}",
            mtime=0.0,
            size=1,
            duration_s=0.1,
            parsed_at=now,
            parsed_by="bench",
            dags=[
                dag.ParsedDag(spec=spec, spec_hash=spec_hash(spec), is_paused_upon_creation=False)
            ],
        )
        for spec in specs
    ]
    for first in range(0, len(files), 50):
        store.write(dag.upsert_file, files[first : first + 50], now)


def _run_of(store: Any, watched: Watched, spec: Spec, n_tasks: int) -> Figures:
    """Run a DAG once. A run of a small one comes first: the statements are compiled by then."""
    from slipstream import command
    from slipstream.clock import SystemClock
    from slipstream.state import DagRunTriggeredByType

    warm = _spec("warm", [{"task_id": "a", "downstream": ["b"]}, {"task_id": "b"}])
    _save(store, [warm, spec])
    watched.scheduler.start()
    for dag_id, n_after in (("warm", 2), (spec["dag_id"], 2 + n_tasks)):
        command.trigger_run(
            store,
            SystemClock(),
            dag_id=dag_id,
            triggered_by=DagRunTriggeredByType.TEST,
            wait_s=0,
        )
        if dag_id != "warm":
            watched.turns.clear()
        watched.work(n_after)
    return watched.figures()


def mapped(store: Any, watched: Watched) -> Figures:
    """One task, mapped over 10,000 values."""
    by = {"kind": "expand", "by": {"x": list(range(10_000))}}
    return _run_of(store, watched, _spec("mapped", [{"task_id": "m", "mapped": by}]), 10_000)


def graph(store: Any, watched: Watched) -> Figures:
    """2,000 tasks in 40 layers; 20,000 edges, each from a layer to the next."""
    width, n_layers, n_edges = 50, 40, 20_000
    downstream: dict[str, set[str]] = {f"t{n}": set() for n in range(width * n_layers)}
    n = 0
    while n < n_edges:
        # Steps that are prime to the width meet every pair before they meet one again.
        layer, turn = divmod(n, n_edges // (n_layers - 1) + 1)
        above, below = turn % width, (turn % width + 7 * (turn // width)) % width
        downstream[f"t{layer * width + above}"].add(f"t{(layer + 1) * width + below}")
        n += 1
    assert sum(map(len, downstream.values())) == n_edges
    tasks: list[Spec] = [
        {"task_id": id, **({"downstream": sorted(to)} if to else {})}
        for id, to in downstream.items()
    ]
    return _run_of(store, watched, _spec("graph", tasks), len(tasks))


def dags(store: Any, watched: Watched) -> Figures:
    """1,000 DAGs of four tasks, all of them due at the same moment."""
    start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=2)
    edges: dict[str, list[str]] = {"a": ["b", "c"], "b": ["d"], "c": ["d"], "d": []}
    specs = [
        _spec(
            f"d{i}",
            [{"task_id": t, **({"downstream": to} if to else {})} for t, to in edges.items()],
            timetable={"type": "cron_data_interval", "args": {"expression": "@hourly"}},
            start_date=start.isoformat(),
        )
        for i in range(1000)
    ]
    _save(store, specs)
    watched.scheduler.start()
    watched.work(4000)
    return watched.figures()


SCENARIOS: dict[str, Callable[[Any, Watched], Figures]] = {
    "mapped": mapped,
    "graph": graph,
    "dags": dags,
}


def _measure(name: str, n_slots: int) -> Figures:
    """Run one scenario in this process, which is nothing but a scheduler."""
    from slipstream.store import Store, migrate

    store = Store.open()
    migrate.upgrade(store)
    Path("/proc/self/clear_refs").write_text("5")  # the peak so far was that of migrations
    gc.set_threshold(100_000, 20, 50)  # as ``Scheduler.run`` does
    watched = Watched(store, n_slots)
    try:
        return SCENARIOS[name](store, watched)
    finally:
        watched.scheduler.stop()
        store.close()


def _clean(database: str) -> None:
    """Empty the database between scenarios: the runs of one would be read by the next."""
    from slipstream.store import Store, migrate

    if database:
        store = Store.open()
        migrate.reset(store)
        store.close()


def _in_child(task: Callable[[], Figures]) -> Figures:
    """Return what a fork of this process finds out: memory that one used is not the next one's."""
    read_fd, write_fd = os.pipe()
    pid = os.fork()
    if pid == 0:
        ok = False
        try:
            with os.fdopen(write_fd, "w") as out:
                json.dump(task(), out)
            ok = True
        except Exception:
            traceback.print_exc()
        finally:
            os._exit(0 if ok else 1)
    os.close(write_fd)
    with os.fdopen(read_fd) as found:
        text = found.read()
    os.waitpid(pid, 0)
    if not text:
        raise RuntimeError("the scenario failed; its error is above")
    figures: Figures = json.loads(text)
    return figures


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench.scale",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--database", default="", help="SQLite when not given")
    parser.add_argument("--only", default=",".join(SCENARIOS), help=f"of: {', '.join(SCENARIOS)}")
    parser.add_argument("--slots", type=int, default=32, help="attempts at a time")
    args = parser.parse_args()
    print(f"{platform.platform()}, Python {platform.python_version()}, {args.slots} slots")
    for name in args.only.split(","):
        with tempfile.TemporaryDirectory(prefix="bench-") as home:
            os.environ["AIRFLOW_HOME"] = home
            os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
            os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = (
                args.database or f"sqlite:///{home}/airflow.db"
            )
            figures = _in_child(lambda name=name: _measure(name, args.slots))  # type: ignore[misc]
            _in_child(lambda: _clean(args.database) or {"done": 1})
        text = "  ".join(f"{figure}={value:.4g}" for figure, value in figures.items())
        print(f"{name:<8} {text}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
