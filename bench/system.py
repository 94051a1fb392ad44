"""Start and stop a system under test in a clean home of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from bench import measure
from bench.client import Client

DAGS = Path(__file__).parent / "dags"

# What people set who tune Airflow for latency on a small machine.
_AIRFLOW_TUNING = {
    "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
    "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.1",
    "AIRFLOW__SCHEDULER__MAX_TIS_PER_QUERY": "512",
    "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "2",
    "AIRFLOW__API__WORKERS": "1",
}


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


@dataclass
class System:
    """One installation: ``name`` is ``slipstream`` or ``airflow``, ``command`` its CLI."""

    name: str
    command: str
    database: str
    """An SQLAlchemy URL; empty for SQLite in the home."""
    dags: Path | None = None
    """Folder of DAG files; a copy of ours, in the home, when not given."""
    parallelism: int = 8
    broker: str = ""
    """A URL: tasks go through it to one Celery worker; empty for the LocalExecutor."""
    dask: bool = False
    """Tasks go through a Dask scheduler, of which ``dask_port`` is the port, to one Dask worker."""
    n_schedulers: int = 1
    home: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="bench-")))
    port: int = field(default_factory=free_port)
    dask_port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    """What else runs, in the order in which it was started."""

    def __post_init__(self) -> None:
        if self.dags is None:
            self.dags = Path(shutil.copytree(DAGS, self.home / "dags"))

    def environment(self) -> dict[str, str]:
        database = self.database or f"sqlite:///{self.home}/airflow.db"
        return {
            **self._celery(database),
            **{k: v for k, v in os.environ.items() if not k.startswith("AIRFLOW")},
            **(_AIRFLOW_TUNING if self.name == "airflow" else {}),
            # Airflow's standalone starts its parts by the bare name of its command.
            "PATH": f"{Path(self.command).resolve().parent}:{os.environ['PATH']}",
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.dags),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__EXECUTOR": self._executor(),
            "AIRFLOW__DASK__CLUSTER_ADDRESS": self._dask_address if self.dask else "",
            # It is a limit of each scheduler: several run no more tasks at a time than one does.
            "AIRFLOW__CORE__PARALLELISM": str(max(1, self.parallelism // self.n_schedulers)),
            "AIRFLOW__CORE__MAX_ACTIVE_TASKS_PER_DAG": "64",
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database,
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(self.port),
            "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{self.port}",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{self.port}/execution/",
        }

    def _executor(self) -> str:
        if self.dask:
            return "DaskExecutor"
        return "CeleryExecutor" if self.broker else "LocalExecutor"

    @property
    def _dask_address(self) -> str:
        return f"tcp://127.0.0.1:{self.dask_port}"

    def _celery(self, database: str) -> dict[str, str]:
        if not self.broker:
            return {}
        return {
            "AIRFLOW__CELERY__BROKER_URL": self.broker,
            "AIRFLOW__CELERY__RESULT_BACKEND": f"db+{database}",
            "AIRFLOW__API_AUTH__JWT_SECRET": "the benchmark's own secret, the same for all parts",
        }

    def pids(self) -> list[int]:
        """Return every process of the system."""
        roots = [each.pid for each in (self.process, *self.workers) if each is not None]
        return [pid for root in roots for pid in measure.tree(root)]

    def scheduler_pids(self) -> list[int]:
        """Return the processes that are schedulers, without those that they started."""
        return [pid for pid in self.pids() if measure.is_scheduler(pid)]

    def migrate(self) -> None:
        """Create the database's tables, so that a start is measured on an existing database."""
        subprocess.run(
            [self.command, "db", "migrate"],
            env=self.environment(),
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def start(self, timeout_s: float = 180) -> float:
        """Start every part and return the seconds until all of them are healthy."""
        began = time.monotonic()
        self.process = self._run(self.command, "standalone")
        if self.broker:
            words = ["celery", "worker", "--concurrency", str(self.parallelism)]
            self.workers.append(self._run(self.command, *words))
        if self.dask:
            self._start_dask()
        probe = Client(f"http://127.0.0.1:{self.port}", "", "")
        while not probe.is_healthy():
            if self.process.poll() is not None or time.monotonic() - began > timeout_s:
                tail = (self.home / "standalone.log").read_text(errors="replace")[-2000:]
                self.stop()
                raise RuntimeError(f"{self.name} did not become healthy; its log ends:\n{tail}")
            time.sleep(0.02)
        took = time.monotonic() - began
        for _ in range(self.n_schedulers - 1):
            self.workers.append(self._run(self.command, "scheduler"))
        return took

    def _start_dask(self) -> None:
        dask = str(Path(self.command).parent / "dask")
        words = ["--host", self._dask_address, "--no-dashboard"]
        self.workers.append(self._run(dask, "scheduler", *words))
        words = ["--nthreads", str(self.parallelism), "--no-dashboard"]
        words += ["--local-directory", str(self.home / "dask")]
        self.workers.append(self._run(dask, "worker", self._dask_address, *words))

    def _run(self, *command: str) -> subprocess.Popen[bytes]:
        with (self.home / "standalone.log").open("ab") as log:
            return subprocess.Popen(
                command,
                env=self.environment(),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def client(self) -> Client:
        passwords = self.home / "simple_auth_manager_passwords.json.generated"
        return Client(
            f"http://127.0.0.1:{self.port}", "admin", json.loads(passwords.read_text())["admin"]
        )

    def stop(self) -> None:
        """Stop the parts (politely, then not) and wait for them."""
        for process in (*reversed(self.workers), self.process):
            if process is not None:
                _end(process)
        self.process = None
        self.workers.clear()

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)


def _end(process: subprocess.Popen[bytes]) -> None:
    for sig, patience_s in ((signal.SIGINT, 20), (signal.SIGKILL, 5)):
        if process.poll() is None:
            os.killpg(process.pid, sig)
            try:
                process.wait(patience_s)
            except subprocess.TimeoutExpired:
                continue
