"""Feed a worker host no-op workloads, without a scheduler: tasks a second, and latencies.

    python -m bench.host                      # 1,000 tasks through 8 slots on SQLite
    python -m bench.host --chain 100          # one after the other: end to next start
    python -m bench.host --database postgresql://user@127.0.0.1/bench

The database named must be migrated and is written to; a temporary SQLite one is the default.
"""

from __future__ import annotations

import argparse
import os
import select
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

DAG_FILE = """
from datetime import datetime
from airflow.sdk import DAG
from airflow.providers.standard.operators.python import PythonOperator

def nothing():
    return 1

with DAG("noop", schedule=None, start_date=datetime(2024, 1, 1)):
    PythonOperator(task_id="t", python_callable=nothing)
"""


class Feed:
    """Attempts of one run, admitted in the store and handed to an executor."""

    def __init__(self, store: Any, executor: Any, n_tasks: int) -> None:
        from slipstream.attempt import new_id
        from slipstream.state import DagRunType
        from slipstream.store import run
        from slipstream.store.run import NewRun

        self.store = store
        self.executor = executor
        now = datetime.now(UTC)
        new = NewRun(
            dag_id="noop", run_id=f"bench_{new_id()}", run_type=DagRunType.MANUAL, run_after=now
        )
        self.run = store.write(lambda conn: run.create(conn, new, now, notify=False))
        self.submitted: dict[str, float] = {}
        self.started: dict[str, float] = {}
        self.finished: dict[str, float] = {}
        self.outcomes: list[Any] = []
        self.n_tasks = n_tasks
        self._poll = select.poll()
        self._poll.register(executor.fileno(), select.POLLIN)

    def submit(self, numbers: range) -> None:
        from slipstream.attempt import Workload, new_id
        from slipstream.store import decision
        from slipstream.store.decision import NewAttempt

        ids = {n: new_id() for n in numbers}
        attempts = [
            NewAttempt(id=ids[n], dag_run_id=self.run.id, task_id="t", map_index=n, try_number=1)
            for n in numbers
        ]
        now = datetime.now(UTC)
        self.store.write(lambda conn: decision.save(conn, [], attempts, now))
        folder = f"dag_id=noop/run_id={self.run.run_id}/task_id=t"
        self.executor.submit(
            [
                Workload(
                    attempt_id=ids[n],
                    dag_id="noop",
                    run_id=self.run.run_id,
                    dag_run_pk=self.run.id,
                    task_id="t",
                    map_index=n,
                    relative_fileloc="noop.py",
                    log_path=f"{folder}/map_index={n}/attempt=1.log",
                )
                for n in numbers
            ]
        )
        at = time.monotonic()
        self.submitted.update((id_, at) for id_ in ids.values())

    def wait(self, timeout_s: float = 60.0) -> None:
        """Take events until one more attempt, at least, has finished."""
        from slipstream.executors.base import AttemptFinished, AttemptStarted

        n_before = len(self.finished)
        ends_at = time.monotonic() + timeout_s
        while len(self.finished) == n_before:
            if time.monotonic() > ends_at:
                raise TimeoutError(f"{len(self.finished)} of {self.n_tasks} finished")
            self._poll.poll(1000)
            for event in self.executor.events():
                at = time.monotonic()
                if isinstance(event, AttemptStarted):
                    self.started[event.attempt_id] = at
                elif isinstance(event, AttemptFinished):
                    self.finished[event.attempt_id] = at
                    self.outcomes.append(event.outcome)
                else:
                    raise RuntimeError(f"unexpected {event}")


def _print(feed: Feed, took_s: float, figures: dict[str, list[float]]) -> None:
    n = len(feed.finished)
    print(f"{n} tasks in {took_s:.2f} s: {n / took_s:.0f} a second")
    for name, values in figures.items():
        ms = sorted(v * 1000 for v in values)
        p95 = ms[int(len(ms) * 0.95)]
        print(f"  {name}: median {statistics.median(ms):.2f} ms, p95 {p95:.2f} ms")
    states = {o.state for o in feed.outcomes}
    rss = [o.max_rss_kb for o in feed.outcomes if o.max_rss_kb]
    print(f"  states {', '.join(sorted(states))}; task RSS {max(rss) // 1024} MB at most")


def fan(feed: Feed, batch: int) -> None:
    """Keep the executor supplied with everything at once."""
    began = time.monotonic()
    for first in range(0, feed.n_tasks, batch):
        feed.submit(range(first, min(first + batch, feed.n_tasks)))
    while len(feed.finished) < feed.n_tasks:
        feed.wait()
    _print(feed, time.monotonic() - began, {})


def chain(feed: Feed) -> None:
    """Submit each task when the one before has finished, as a scheduler would."""
    began = time.monotonic()
    gaps = []
    for n in range(feed.n_tasks):
        feed.submit(range(n, n + 1))
        feed.wait()
        if n:
            before, this = feed.outcomes[-2], feed.outcomes[-1]
            gaps.append((this.started_at - before.ended_at).total_seconds())
    took = [(o.ended_at - o.started_at).total_seconds() for o in feed.outcomes]
    _print(feed, time.monotonic() - began, {"end to next start": gaps, "task": took})


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.host", description=__doc__)
    parser.add_argument("--tasks", type=int, default=1000)
    parser.add_argument("--slots", type=int, default=8)
    parser.add_argument("--chain", type=int, default=0, metavar="N")
    parser.add_argument("--database")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-host-") as home:
        (Path(home) / "dags").mkdir()
        (Path(home) / "dags" / "noop.py").write_text(DAG_FILE)
        os.environ["AIRFLOW_HOME"] = home
        os.environ["AIRFLOW__CORE__PARALLELISM"] = str(args.slots)
        os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
        if args.database:
            os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = args.database
        # Imported here: the configuration is read from the environment set above.
        from slipstream.executors.local import LocalExecutor
        from slipstream.store import Store, migrate

        store = Store.open()
        migrate.upgrade(store)
        executor = LocalExecutor()
        executor.start("")
        try:
            warm = Feed(store, executor, 1)
            warm.submit(range(1))
            warm.wait()
            if args.chain:
                chain(Feed(store, executor, args.chain))
            else:
                fan(Feed(store, executor, args.tasks), batch=200)
        finally:
            executor.stop(5.0)
            store.close()


if __name__ == "__main__":
    main()
