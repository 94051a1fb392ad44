"""Run the scenarios against Slipstream, Airflow or both, and print their figures side by side.

    python -m bench                                   # Slipstream on SQLite
    python -m bench --database postgresql+psycopg2://user@127.0.0.1/bench
    python -m bench --broker redis://127.0.0.1:6379/0 --only chain_100,fan_1000
    python -m bench --dask --only chain_100,fan_1000
    python -m bench --airflow VENV/bin/airflow --airflow-database postgresql+psycopg2://…
    python -m bench --only chain_100,fan_1000 --repeat 3

Each system gets a clean home and a database of its own: the one that you name must be empty.
"""

from __future__ import annotations

import argparse
import json
import platform
import signal
import statistics
import sys
import tempfile
import time
from pathlib import Path

from bench import limits, measure
from bench.client import Client
from bench.scenario import N_BENCH_DAGS, SCENARIOS, Figures
from bench.system import System

Results = dict[str, list[Figures]]


def wait_for_dags(client: Client, prefix: str, n_dags: int, timeout_s: float) -> float:
    began = time.monotonic()
    while client.n_dags(prefix) < n_dags:
        if time.monotonic() - began > timeout_s:
            raise TimeoutError(f"only {client.n_dags(prefix)} of {n_dags} DAGs after {timeout_s} s")
        time.sleep(0.05)
    return time.monotonic() - began


def run_scenarios(system: System, names: list[str], repeat: int) -> Results:
    """Start the system in a clean home, run each scenario ``repeat`` times, stop it.

    The machine's own speed is measured before and after, to tell its changes from the system's.
    """
    results: Results = {"machine": [limits.figures()]}
    try:
        if "start" in names:
            system.migrate()
        results["start"] = [{"healthy_s": system.start()}]
        client = system.client()
        wait_for_dags(client, "bench_", N_BENCH_DAGS, timeout_s=300)
        for name in names:
            for _ in range(repeat if name in SCENARIOS else 0):
                figures = SCENARIOS[name](system, client)
                results.setdefault(name, []).append(figures)
                print(f"{system.name:<11} {name:<11} {_text(figures)}", file=sys.stderr)
        results["loaded"] = [{"pss_mb": measure.pss_mb(system.pids())}]
    finally:
        system.remove()
    results["machine"].append(limits.figures())
    return results


def parse_cold(system: System, n_files: int) -> Figures:
    """Time from an empty database to ``n_files`` small DAG files all visible."""
    with tempfile.TemporaryDirectory(prefix="bench-dags-") as folder:
        for n in range(n_files):
            (Path(folder) / f"cold_{n:03}.py").write_text(
                "from datetime import datetime\n"
                "from airflow.sdk import DAG\n"
                "from airflow.providers.standard.operators.empty import EmptyOperator\n"
                f"with DAG('cold_{n:03}', schedule=None, start_date=datetime(2024, 1, 1)):\n"
                "    EmptyOperator(task_id='a') >> EmptyOperator(task_id='b')\n"
            )
        system.dags = Path(folder)
        try:
            system.start()
            taken = wait_for_dags(system.client(), "cold_", n_files, timeout_s=600)
        finally:
            system.remove()
    return {"after_healthy_s": taken}


def _text(figures: Figures) -> str:
    return "  ".join(f"{name}={value:.4g}" for name, value in figures.items())


def table(columns: dict[str, Results]) -> str:
    """Return a Markdown table: a row per figure, medians over the repeats, a column a system."""
    lines = [
        f"| scenario | figure | {' | '.join(columns)} |",
        f"|---|---|{'---|' * len(columns)}",
    ]
    first = next(iter(columns.values()))
    for scenario, runs in first.items():
        for figure in runs[0]:
            cells = []
            for results in columns.values():
                values = [r[figure] for r in results.get(scenario, []) if figure in r]
                cells.append(f"{statistics.median(values):.4g}" if values else "–")
            lines.append(f"| {scenario} | {figure} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> int:
    names = ["start", "parse_500", *SCENARIOS]
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--slipstream", default=str(Path(sys.executable).parent / "slipstream"))
    parser.add_argument("--database", default="", help="Slipstream's; SQLite when not given")
    parser.add_argument("--airflow", help="the airflow command of a venv with the real one")
    parser.add_argument("--airflow-database", default="", help="SQLite when not given")
    parser.add_argument("--no-slipstream", action="store_true")
    parser.add_argument("--only", default=",".join(names), help=f"of: {', '.join(names)}")
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--parallelism", type=int, default=8)
    parser.add_argument("--broker", default="", help="URL: CeleryExecutor, with one worker")
    parser.add_argument("--dask", action="store_true", help="DaskExecutor, with one worker")
    parser.add_argument(
        "--schedulers", type=int, default=1, help="so many at once, which share the parallelism"
    )
    parser.add_argument("--json", type=Path, help="also write every figure to this file")
    args = parser.parse_args()
    # So that a system under test is stopped when we are.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    if args.dask and (args.airflow or args.broker):
        parser.error("--dask measures Slipstream alone: Airflow 3 has no DaskExecutor")
    only = args.only.split(",")
    if unknown := set(only) - set(names):
        parser.error(f"no such scenario: {', '.join(sorted(unknown))}; known: {', '.join(names)}")

    systems = []
    if not args.no_slipstream:
        systems.append(("slipstream", args.slipstream, args.database))
    if args.airflow:
        systems.append(("airflow", args.airflow, args.airflow_database))
    columns: dict[str, Results] = {}
    for name, command, database in systems:
        if set(only) - {"parse_500"}:
            system = System(
                name,
                command,
                database,
                parallelism=args.parallelism,
                broker=args.broker,
                dask=args.dask,
                n_schedulers=args.schedulers,
            )
            columns[name] = run_scenarios(system, only, args.repeat)
        if "parse_500" in only:
            cold = System(name, command, "")
            columns.setdefault(name, {})["parse_500"] = [parse_cold(cold, 500)]
    print(f"{platform.platform()}, Python {platform.python_version()}")
    print(table(columns))
    if args.json:
        args.json.write_text(json.dumps(columns, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
