"""The scenarios: each drives a healthy system through the REST API and returns its figures."""

from __future__ import annotations

import itertools
import statistics
import subprocess
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from bench import measure
from bench.client import Client
from bench.system import System

Figures = dict[str, float]


def _at(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def _end(run: dict[str, Any]) -> float:
    """Return when a run ended, in seconds since the epoch; it must have been a success.

    By its end date and not by when a poll saw it, which may be a poll's interval later.
    """
    if run["state"] != "success":
        raise RuntimeError(f"{run['dag_id']} {run['dag_run_id']} ended as {run['state']}")
    return _at(run["end_date"])


def _timed_run(system: System, client: Client, dag_id: str, poll_s: float) -> tuple[str, Figures]:
    """Run ``dag_id`` once; return its run id, wall seconds and CPU seconds, of all and of schedulers."""
    client.unpause(dag_id)
    cpu_before, scheduler_before = measure.cpu_s(system.pids()), _scheduler_cpu_s(system)
    began = time.time()
    run_id = client.trigger(dag_id)
    wall = _end(client.wait(dag_id, run_id, timeout_s=1800, poll_s=poll_s)) - began
    return run_id, {
        "wall_s": wall,
        "cpu_s": measure.cpu_s(system.pids()) - cpu_before,
        "scheduler_cpu_s": _scheduler_cpu_s(system) - scheduler_before,
    }


def _scheduler_cpu_s(system: System) -> float:
    return measure.cpu_s(system.scheduler_pids())


def _gaps_ms(task_instances: list[dict[str, Any]]) -> tuple[float, float]:
    """Return medians of end-to-successor's-start and of a task's own duration, in a chain."""
    tis = sorted(task_instances, key=lambda ti: ti["start_date"])
    gaps = [
        (_at(after["start_date"]) - _at(before["end_date"])) * 1000
        for before, after in itertools.pairwise(tis)
    ]
    own = [(_at(ti["end_date"]) - _at(ti["start_date"])) * 1000 for ti in tis]
    return statistics.median(gaps), statistics.median(own)


def _sequence(dag_id: str) -> Callable[[System, Client], Figures]:
    def scenario(system: System, client: Client) -> Figures:
        run_id, figures = _timed_run(system, client, dag_id, poll_s=0.05)
        gap, own = _gaps_ms(client.task_instances(dag_id, run_id))
        return {**figures, "end_to_start_ms": gap, "task_ms": own}

    return scenario


def _fan(dag_id: str, n_tasks: int) -> Callable[[System, Client], Figures]:
    def scenario(system: System, client: Client) -> Figures:
        _, figures = _timed_run(system, client, dag_id, poll_s=0.1)
        return {
            **figures,
            "tasks_per_s": n_tasks / figures["wall_s"],
            "cpu_ms_per_task": figures["cpu_s"] * 1000 / n_tasks,
        }

    return scenario


def _many(system: System, client: Client) -> Figures:
    dag_ids = [f"bench_many_{n:02}" for n in range(50)]
    for dag_id in dag_ids:
        client.unpause(dag_id)
    cpu_before = measure.cpu_s(system.pids())
    began = time.time()
    runs = [(dag_id, client.trigger(dag_id)) for dag_id in dag_ids]
    ends = [
        _end(client.wait(dag_id, run_id, timeout_s=1800, poll_s=0.1)) for dag_id, run_id in runs
    ]
    wall = max(ends) - began
    cpu = measure.cpu_s(system.pids()) - cpu_before
    return {
        "wall_s": wall,
        "cpu_s": cpu,
        "tasks_per_s": 500 / wall,
        "cpu_ms_per_task": cpu * 1000 / 500,
    }


def _rest(system: System, client: Client) -> Figures:
    """Time lists as one client sees them (what earlier scenarios left is what they list)."""
    figures = {}
    for name, path in (
        ("dags_100_ms", "/api/v2/dags?limit=100"),
        ("runs_100_ms", "/api/v2/dags/~/dagRuns?limit=100"),
    ):
        taken = []
        for _ in range(40):
            began = time.perf_counter()
            client.request("GET", path)
            taken.append((time.perf_counter() - began) * 1000)
        figures[name] = statistics.median(taken)
    return figures


def _save(system: System, client: Client) -> Figures:
    """Time from saving a new DAG file to its DAG's showing in the API."""
    assert system.dags is not None
    taken = []
    for n in range(5):
        dag_id = f"saved_{time.time_ns()}_{n}"
        began = time.monotonic()
        (system.dags / f"{dag_id}.py").write_text(
            "from datetime import datetime\n"
            "from airflow.sdk import DAG\n"
            f"dag = DAG({dag_id!r}, schedule=None, start_date=datetime(2024, 1, 1))\n"
        )
        while client.n_dags(dag_id) == 0:
            if time.monotonic() - began > 60:
                raise TimeoutError(f"{dag_id} does not show")
            time.sleep(0.01)
        taken.append(time.monotonic() - began)
    return {"median_s": statistics.median(taken)}


def _commands(system: System, client: Client) -> Figures:
    """Time a command that does next to nothing, and what every DAG file imports first."""
    python = str(Path(system.command).parent / "python")
    figures = {}
    for name, argv in (
        ("version_s", [system.command, "version"]),
        ("import_sdk_s", [python, "-c", "import airflow.sdk; airflow.sdk.DAG"]),
        ("bare_python_s", [python, "-c", ""]),
    ):
        taken = []
        for _ in range(6):
            began = time.monotonic()
            subprocess.run(
                argv,
                env=system.environment(),
                check=True,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            taken.append(time.monotonic() - began)
        figures[name] = statistics.median(taken[1:])
    return figures


def idle(system: System, client: Client, settle_s: float = 10, watch_s: float = 30) -> Figures:
    """Watch a system that has nothing to do."""
    time.sleep(settle_s)
    before = measure.cpu_s(system.pids())
    time.sleep(watch_s)
    pids = system.pids()
    return {
        "cpu_percent": (measure.cpu_s(pids) - before) / watch_s * 100,
        "pss_mb": measure.pss_mb(pids),
        "processes": float(len(pids)),
    }


SCENARIOS: dict[str, Callable[[System, Client], Figures]] = {
    "idle": idle,
    "commands": _commands,
    "save": _save,
    "fib10_x40": _sequence("bench_fib10_x40"),
    "fib33_x10": _sequence("bench_fib33_x10"),
    "chain_100": _sequence("bench_chain_100"),
    "bash_200": _fan("bench_bash_200", 200),
    "many_50x10": _many,
    "fan_1000": _fan("bench_fan_1000", 1000),
    "rest": _rest,
}
N_BENCH_DAGS = 55
