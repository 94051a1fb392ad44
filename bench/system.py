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
    home: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="bench-")))
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        if self.dags is None:
            self.dags = Path(shutil.copytree(DAGS, self.home / "dags"))

    def environment(self) -> dict[str, str]:
        database = self.database or f"sqlite:///{self.home}/airflow.db"
        return {
            **{k: v for k, v in os.environ.items() if not k.startswith("AIRFLOW")},
            **(_AIRFLOW_TUNING if self.name == "airflow" else {}),
            # Airflow's standalone starts its parts by the bare name of its command.
            "PATH": f"{Path(self.command).resolve().parent}:{os.environ['PATH']}",
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.dags),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__PARALLELISM": str(self.parallelism),
            "AIRFLOW__CORE__MAX_ACTIVE_TASKS_PER_DAG": "64",
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database,
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(self.port),
            "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{self.port}",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{self.port}/execution/",
        }

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
        log = (self.home / "standalone.log").open("ab")
        began = time.monotonic()
        self.process = subprocess.Popen(
            [self.command, "standalone"],
            env=self.environment(),
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        probe = Client(f"http://127.0.0.1:{self.port}", "", "")
        while not probe.is_healthy():
            if self.process.poll() is not None or time.monotonic() - began > timeout_s:
                tail = (self.home / "standalone.log").read_text(errors="replace")[-2000:]
                self.stop()
                raise RuntimeError(f"{self.name} did not become healthy; its log ends:\n{tail}")
            time.sleep(0.02)
        return time.monotonic() - began

    def client(self) -> Client:
        passwords = self.home / "simple_auth_manager_passwords.json.generated"
        return Client(
            f"http://127.0.0.1:{self.port}", "admin", json.loads(passwords.read_text())["admin"]
        )

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def stop(self) -> None:
        """Stop the parts (politely, then not) and wait for them."""
        if self.process is None:
            return
        for sig, patience_s in ((signal.SIGINT, 20), (signal.SIGKILL, 5)):
            if self.process.poll() is None:
                os.killpg(self.process.pid, sig)
                try:
                    self.process.wait(patience_s)
                except subprocess.TimeoutExpired:
                    continue
        self.process = None

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)
