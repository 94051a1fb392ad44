"""What the big pages cost the server: a grid of 2,000 tasks and 30 runs, its graph, the overview.

    python -m bench.pages                                      # on SQLite
    python -m bench.pages --database postgresql://user@127.0.0.1/bench
    python -m bench.pages --listeners 1000                     # and as many streams, idle

The rows are written straight into the database, which must be empty. The time is the client's, on
the same machine, for one request after another; the figure is the median, after a first one.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from bench import measure

N_TASKS = 2000
N_RUNS = 30
N_GROUPS = 20
_WIDTH = 20
_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_STATES = ("success", "failed", "skipped", "running", None)
PAGES = {
    "grid": f"/dags/big/grid?limit={N_RUNS}",
    "graph": "/dags/big/graph",
    "gantt": "/dags/big/dagRuns/run_0/gantt?limit=5000",
    "overview": "/overview?hours=8784",
    "recent runs": "/dags/~/recentRuns",
}


def big_dag(n_tasks: int) -> Any:
    """Return the spec of a DAG of groups, each a ladder of tasks."""
    names = [f"group_{i % N_GROUPS:02}.task_{i:04}" for i in range(n_tasks)]
    return {
        "spec": 1,
        "dag_id": "big",
        "relative_fileloc": "big.py",
        "timetable": {"type": "null"},
        "max_active_tasks": 16,
        "max_active_runs": 16,
        "groups": [{"group_id": f"group_{g:02}"} for g in range(N_GROUPS)],
        "tasks": [
            {
                "task_id": name,
                "type": "PythonOperator",
                "module": "airflow.providers.standard.operators.python",
                "group": name.partition(".")[0],
                "downstream": names[i + _WIDTH : i + _WIDTH + 1],
            }
            for i, name in enumerate(names)
        ],
    }


def fill(url: str | None, n_tasks: int = N_TASKS) -> None:
    """Write the DAG, its runs and their task instances."""
    from slipstream.machine.decision import Decision, TaskInstanceChange
    from slipstream.machine.event import TIKey
    from slipstream.store import Store, dag, decision, migrate, run

    spec = big_dag(n_tasks)
    with Store.open(url) as store:
        migrate.upgrade(store)
        parsed = dag.ParsedDag(spec=spec, spec_hash="big", is_paused_upon_creation=True)
        file = dag.ParsedFile(
            bundle_name="dags-folder",
            relative_fileloc="big.py",
            fileloc="/dags/big.py",
            mtime=0.0,
            size=0,
            duration_s=0.0,
            parsed_at=_NOW,
            parsed_by="bench",
            dags=[parsed],
        )
        version = store.write(dag.upsert_file, [file], _NOW).new_version["big"]
        for r in range(N_RUNS):
            new = run.NewRun(
                dag_id="big",
                run_id=f"run_{r}",
                run_type="manual",
                run_after=_NOW + timedelta(hours=r),
                dag_version_id=version,
            )
            row = store.write(run.create, new, _NOW)
            decided = Decision(run={"state": "success", "start_date": _NOW, "end_date": _NOW})
            for i, task in enumerate(spec["tasks"]):
                key = TIKey(task["task_id"])
                state = _STATES[(i * 7 + r) % 11 % len(_STATES)]
                values = {"state": state, "start_date": _NOW, "end_date": _NOW}
                decided.changes[key] = TaskInstanceChange(key, values, is_new=True)
            store.write(decision.save, [(row.id, decided)], [], _NOW)


@contextlib.contextmanager
def server(port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run an API server that lets everybody in."""
    command = [sys.executable, "-m", "slipstream.api", "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 30
        while True:
            with contextlib.suppress(httpx.HTTPError):
                httpx.get(f"http://127.0.0.1:{port}/api/v2/version", trust_env=False)
                break
            if time.monotonic() > deadline or process.poll() is not None:
                raise RuntimeError("the API server did not start")
            time.sleep(0.05)
        yield process
    finally:
        process.terminate()
        process.wait(10)


def time_pages(base: str, repeat: int) -> None:
    with httpx.Client(base_url=base, trust_env=False, timeout=60) as client:
        for name, path in PAGES.items():
            took = []
            for _ in range(repeat + 1):
                began = time.perf_counter()
                reply = client.get(path)
                took.append((time.perf_counter() - began) * 1000)
                reply.raise_for_status()
            n_sent = reply.num_bytes_downloaded / 1000
            print(
                f"{name:<12} {statistics.median(took[1:]):6.0f} ms (first {took[0]:.0f}), "
                f"{len(reply.content) / 1000:.0f} kB, {n_sent:.0f} kB sent"
            )


async def idle_streams(base: str, n: int, pid: int, for_s: float) -> None:
    """Open streams, and measure what the server uses while nothing changes."""
    limits = httpx.Limits(max_connections=None)
    async with (
        httpx.AsyncClient(base_url=base, trust_env=False, timeout=60, limits=limits) as client,
        contextlib.AsyncExitStack() as stack,
    ):
        for _ in range(n):
            await stack.enter_async_context(client.stream("GET", "/stream"))
        await asyncio.sleep(1)
        before = measure.cpu_s([pid])
        await asyncio.sleep(for_s)
        used = (measure.cpu_s([pid]) - before) / for_s * 100
        n_threads = len(os.listdir(f"/proc/{pid}/task"))
        memory = measure.pss_mb([pid])
    print(f"{n} streams: {used:.2f} % CPU, {n_threads} threads, {memory:.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--database", help="an empty one; SQLite in a scratch home by default")
    parser.add_argument("--port", type=int, default=18931)
    parser.add_argument("--repeat", type=int, default=10)
    parser.add_argument("--listeners", type=int, default=1)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as home:
        os.environ["AIRFLOW_HOME"] = home
        os.environ["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS"] = "True"
        os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = (
            args.database or f"sqlite:///{Path(home) / 'bench.db'}"
        )
        fill(None)
        with server(args.port) as process:
            base = f"http://127.0.0.1:{args.port}/api/v2"
            time_pages(base, args.repeat)
            asyncio.run(idle_streams(base, args.listeners, process.pid, for_s=15))


if __name__ == "__main__":
    main()
