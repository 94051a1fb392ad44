"""The stage of a chaos test: an installation of real processes that a killer may strike.

Every process of it carries AIRFLOW_HOME of the test's own folder in its environment; nothing
else is ever found, and so nothing else is ever killed.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from slipstream import command
from slipstream.clock import SystemClock
from slipstream.dagprocessor.service import DagProcessor
from slipstream.state import DagRunTriggeredByType
from slipstream.store import Store, run
from slipstream.store.row import RunRow


@dataclass(frozen=True, slots=True)
class Service:
    """A program of Python's, by its words, and what is different in its environment."""

    words: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    hidden: Sequence[str] = ()
    """Variables of ours that it does not get."""

    def environment(self) -> dict[str, str]:
        return {k: v for k, v in os.environ.items() if k not in self.hidden} | dict(self.env)


SERVICES = {
    "scheduler": Service(["-m", "slipstream.scheduler"]),
    "dag_processor": Service(["-m", "slipstream.dagprocessor"]),
    "api_server": Service(["-m", "slipstream.api", "--host", "127.0.0.1"]),
}
MORE_SCHEDULERS = dict.fromkeys(("scheduler_2", "scheduler_3"), SERVICES["scheduler"])
ROLES = (*SERVICES, "worker_host", "zygote", "dag_zygote", "task", "all")

DAGS = '''
import os, time
from datetime import datetime, timedelta
from airflow.sdk import DAG, task, chain
from airflow.providers.standard.operators.bash import BashOperator

PROOF = os.path.join(os.environ["AIRFLOW_HOME"], "proof")
CLOCKS = os.path.join(os.environ["AIRFLOW_HOME"], "clocks")
AGAIN = {"retries": 1000, "retry_delay": timedelta(seconds=0.05)}


def prove(ti):
    """Write down that this attempt is being executed, in one atomic append; and by which clock."""
    fd = os.open(PROOF, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(fd, (ti.id + "\\n").encode())
    apart_s = time.time() - os.fstat(fd).st_mtime  # which is the machine's
    os.close(fd)
    fd = os.open(CLOCKS, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(fd, f"{apart_s:.0f}\\n".encode())
    os.close(fd)


@task
def step(before, pause, ti=None):
    prove(ti)
    time.sleep(pause)
    return ti.id


with DAG("chaos_chain", schedule=None, default_args=AGAIN, max_active_runs=4):
    last = None
    for i in range(6):
        limit = 2 if i == 3 else None
        last = step.override(task_id=f"s{i}", max_active_tis_per_dag=limit)(last, 0.02)

with DAG(
    "chaos_fan", schedule=None, default_args=AGAIN, max_active_runs=2, max_active_tasks=3
):
    leaves = [step.override(task_id=f"leaf{i}")(None, 0.05) for i in range(8)]

    @task
    def gather(ids, ti=None):
        prove(ti)
        assert all(ids), ids
        return ti.id

    gather(leaves)

with DAG("chaos_branch", schedule=None, default_args=AGAIN):
    @task.branch
    def choose(ti=None):
        prove(ti)
        return "left"

    @task
    def left(ti=None):
        prove(ti)
        return ti.id

    @task
    def right(ti=None):
        prove(ti)

    @task(trigger_rule="none_failed_min_one_success")
    def join(ti=None):
        prove(ti)
        return ti.id

    choose() >> [left(), right()] >> join()

with DAG("chaos_fail", schedule=None):
    @task
    def wrong(ti=None):
        prove(ti)
        raise RuntimeError("on purpose")

    @task
    def never(ti=None):
        prove(ti)

    wrong() >> never()
'''


@dataclass(frozen=True, slots=True)
class Process:
    pid: int
    role: str


class Stage:
    """Real services on one database, restarted when they die."""

    def __init__(
        self, home: Path, store: Store, programs: Mapping[str, Service] | None = None
    ) -> None:
        self.home = home
        self._programs = SERVICES | MORE_SCHEDULERS if programs is None else programs
        self.store = store
        self.clock = SystemClock()
        self.services: dict[str, subprocess.Popen[bytes]] = {}
        self.n_started: dict[str, int] = dict.fromkeys(self._programs, 0)
        self._log = (home / "services.log").open("ab")

    def prepare(self) -> None:
        (self.home / "dags" / "chaos.py").write_text(DAGS)
        DagProcessor(self.store, self.clock).parse_once()

    def start(self, *names: str) -> None:
        """Start the services that do not run (all of ``names``, if given)."""
        for name in names or self.services:
            process = self.services.get(name)
            if process is None or process.poll() is not None:
                program = self._programs[name]
                self.services[name] = subprocess.Popen(
                    [sys.executable, *program.words],
                    cwd=self.home,
                    env=program.environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=self._log,
                    stderr=self._log,
                    start_new_session=True,
                )
                self.n_started[name] += 1

    def close(self) -> None:
        for process in self.services.values():
            if process.poll() is None:
                process.terminate()
        for process in self.services.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(8)
        for each in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(each.pid, signal.SIGKILL)
        for process in self.services.values():
            process.wait(5)
        self._log.close()

    # Who is there

    def processes(self) -> list[Process]:
        """Return the processes of this installation, found by their environment."""
        mark = f"AIRFLOW_HOME={self.home}\0".encode()
        mine = {p.pid: name for name, p in self.services.items() if p.poll() is None}
        found = []
        for pid, environ, name in _processes():
            # Some write over their environment, as Dask's do.
            if pid in mine or (pid != os.getpid() and mark in environ):
                found.append(Process(pid, mine.get(pid) or _role(name)))
        return found

    def kill(self, role: str, chance: random.Random) -> int:
        """Kill a process of a role, or all that there are; return how many."""
        there = [p for p in self.processes() if role == "all" or p.role == role]
        victims = there if role == "all" or not there else [chance.choice(there)]
        for victim in victims:
            with contextlib.suppress(ProcessLookupError):
                os.kill(victim.pid, signal.SIGKILL)
        return len(victims)

    # Work

    def trigger(self, dag_id: str) -> RunRow:
        return command.trigger_run(
            self.store,
            self.clock,
            dag_id=dag_id,
            triggered_by=DagRunTriggeredByType.TEST,
            wait_s=0,
        )

    def unfinished(self, rows: list[RunRow]) -> list[RunRow]:
        with self.store.read() as conn:
            now = run.get_many(conn, [row.id for row in rows])
        return [row for row in now.values() if row.state in ("queued", "running")]

    def settle(self, rows: list[RunRow], patience_s: float) -> None:
        """Keep the services up until all runs have ended."""
        wait_until(
            lambda: (self.start(), not self.unfinished(rows))[1],
            patience_s,
            lambda: f"stuck: {self.unfinished(rows)}\n{self.tail()}",
        )

    def tail(self) -> str:
        self._log.flush()
        return (self.home / "services.log").read_text(errors="replace")[-6000:]

    def proof(self) -> list[str]:
        """Return the attempt ids that were executed, in order."""
        path = self.home / "proof"
        return path.read_text().split("\n")[:-1] if path.exists() else []

    def clocks(self) -> list[int]:
        """Return how many seconds from the machine's clock tasks found theirs."""
        return [int(line) for line in (self.home / "clocks").read_text().split("\n")[:-1]]


def wait_until(condition: Callable[[], bool], patience_s: float, what: Callable[[], str]) -> None:
    ends_at = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < ends_at, what()
        time.sleep(0.05)


def _processes() -> Iterator[tuple[int, bytes, str]]:
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError):
                environ = Path(f"/proc/{entry}/environ").read_bytes()
                yield int(entry), environ, Path(f"/proc/{entry}/comm").read_text().strip()


def _role(name: str) -> str:
    if name == "worker-host":
        return "worker_host"
    if name == "zygote":
        return "zygote"
    if name.startswith("dag:"):
        return "dag_zygote"
    return "task"
