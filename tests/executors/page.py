"""How-to pages, read and typed: their indented blocks are commands, as they are written."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.executors.celery_rig import wait_for

FOLDER = Path(__file__).parents[2] / "docs" / "executors"
PATIENCE_S = 90.0
DAG = """
from datetime import datetime
from airflow.sdk import dag, task

@dag(schedule=None, start_date=datetime(2026, 1, 1), is_paused_upon_creation=False)
def small():
    @task
    def one():
        print("the task says hello")
        return 1

    @task
    def two(n):
        assert n == 1

    two(one())

small()
"""


class Page:
    """A page of docs/executors."""

    def __init__(self, name: str) -> None:
        self.text = (FOLDER / name).read_text()

    def block(self, *words: str) -> list[str]:
        """Return the lines of the one block of commands in which all these words are."""
        [found] = [block for block in self.blocks() if all(word in block for word in words)]
        return [line.strip() for line in found.splitlines()]

    def blocks(self) -> list[str]:
        """Return the blocks of commands: not the drawings, which are indented, too."""
        found = re.findall(r"\n\n((?:    .+\n)+)", self.text)
        return [block for block in found if block.strip().split()[0] in _PROGRAMS]

    @property
    def python(self) -> str:
        """The one block of Python."""
        [found] = re.findall(r"```python\n(.*?)```", self.text, re.DOTALL)
        return str(found)


_PROGRAMS = ("export", "slipstream", "dask", "pip")


class Machine:
    """A home with an environment, where lines of a page are typed."""

    def __init__(self, home: Path, env: dict[str, str], ports: dict[int, int]) -> None:
        """``ports``: by those on the page, the ones to take instead."""
        self.home = home
        home.mkdir()
        kept = {name: text for name, text in os.environ.items() if not name.startswith("AIRFLOW")}
        self.env = {**kept, "AIRFLOW_HOME": str(home), **env}
        self.given = set(env)
        self.ports = ports
        self.services: list[subprocess.Popen[bytes]] = []

    def type(self, line: str) -> Any:
        """Export, start a service, or run a command to its end and return what it prints."""
        for written, taken in self.ports.items():
            line = re.sub(rf"\b{written}\b", str(taken), line)
        words = shlex.split(line)
        if words[0] == "export":
            name, _, value = words[1].partition("=")
            if name not in self.given:  # else it is where our broker is
                self.env[name] = value
            return None
        if words[0] == "dask":
            return self.serve("dask", *words[1:], "--no-dashboard")
        assert words[0] == "slipstream", line
        if words[1:] == ["standalone"]:
            port = str(self.ports[8080])
            return self.serve("slipstream", *words[1:], "--port", port, "--host", "127.0.0.1")
        if words[1:3] == ["celery", "worker"]:
            return self.serve("slipstream", *words[1:])
        return self.run(*words[1:])

    def run(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "slipstream", *words],
            env=self.env,
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout

    def serve(self, *words: str) -> subprocess.Popen[bytes]:
        with (self.home / "log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", *words],
                env=self.env,
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.services.append(process)
        return process

    @property
    def log(self) -> str:
        path = self.home / "log"
        return path.read_text() if path.exists() else ""

    def until_logged(self, text: str) -> None:
        wait_for(lambda: text in self.log, f"{text!r} in the log: {self.log}", PATIENCE_S)

    def succeeds(self, dag_id: str, run_id: str = "r1") -> None:
        """Run a DAG of the server that was started here."""
        self.until_logged("Ready after")
        wait_for(lambda: dag_id in self.run("dags", "list"), "the DAG", PATIENCE_S)
        self.run("dags", "trigger", dag_id, "--run-id", run_id)
        wait_for(
            lambda: "success" in self.run("dags", "state", dag_id, run_id), "its end", PATIENCE_S
        )

    def end(self, process: subprocess.Popen[bytes]) -> None:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(30)

    def stop(self) -> None:
        for process in self.services[::-1]:
            self.end(process)
        print(f"--- {self.home.name}\n{self.log}")
