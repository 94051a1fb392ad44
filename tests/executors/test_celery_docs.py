"""The how-to page's commands, as they are written, on two homes that share nothing but DAG files."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.executors.brokers import Corner, free_port
from tests.executors.celery_rig import wait_for

PAGE = Path(__file__).parents[2] / "docs" / "executors" / "celery.md"
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


def blocks() -> list[list[str]]:
    """Return the page's indented blocks, as lists of their lines."""
    found = re.findall(r"\n\n((?:    .+\n)+)", PAGE.read_text())
    return [[line.strip() for line in block.splitlines()] for block in found]


class Machine:
    """A home with an environment, where lines of the page are typed."""

    def __init__(self, home: Path, env: dict[str, str], port: int) -> None:
        self.home = home
        home.mkdir()
        kept = {name: text for name, text in os.environ.items() if not name.startswith("AIRFLOW")}
        self.env = {**kept, "AIRFLOW_HOME": str(home), **env}
        self.given = set(env)
        self.port = port
        self.services: list[subprocess.Popen[bytes]] = []

    def type(self, line: str) -> Any:
        """Export, start a service, or run a command to its end and return what it prints."""
        line = line.replace(":8080/", f":{self.port}/")
        words = shlex.split(line)
        if words[0] == "export":
            name, _, value = words[1].partition("=")
            if name not in self.given:  # else it is where our broker is
                self.env[name] = value
            return None
        assert words[0] == "slipstream", line
        if words[1:] == ["standalone"]:
            return self.serve(*words[1:], "--port", str(self.port), "--host", "127.0.0.1")
        if words[1:3] == ["celery", "worker"]:
            return self.serve(*words[1:])
        return self.run(*words[1:])

    def run(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "slipstream", *words],
            env=self.env,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout

    def serve(self, *words: str) -> subprocess.Popen[bytes]:
        with (self.home / "log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "slipstream", *words],
                env=self.env,
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

    def stop(self) -> None:
        for process in self.services:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.wait(30)
        print(f"--- {self.home.name}\n{self.log}")


@pytest.fixture
def machines(tmp_path: Path, corner: Corner) -> Iterator[tuple[Machine, Machine]]:
    dags = tmp_path / "dags"
    dags.mkdir()
    (dags / "small.py").write_text(DAG)
    common = {
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        **corner.environment(),
    }
    port = free_port()
    pair = Machine(tmp_path / "here", common, port), Machine(tmp_path / "there", common, port)
    yield pair
    for machine in pair[::-1]:
        machine.stop()


@pytest.mark.timeout(300)
def test_the_page_s_commands_do_what_it_says(machines: tuple[Machine, Machine]) -> None:
    here, there = machines
    _, _, on_the_server, on_the_worker, look_after = blocks()
    for line in on_the_server:
        here.type(line)
    for line in on_the_worker:
        there.type(line)
    wait_for(lambda: "Ready after" in here.log, f"the server: {here.log}", PATIENCE_S)
    wait_for(lambda: "is ready" in there.log, f"the worker: {there.log}", PATIENCE_S)

    here.run("dags", "trigger", "small", "--run-id", "r1")
    wait_for(
        lambda: "success" in here.run("dags", "state", "small", "r1"), "the run's end", PATIENCE_S
    )
    assert not (there.home / "airflow.db").exists()

    [name] = re.findall(r"\S+@\S+", here.type(look_after[0]))
    for line in look_after[1:-1]:
        there.type(line.replace("celery@host", name))
    assert there.services[0].wait(60) == 0, "shutdown-worker"
    there.type(on_the_worker[-1])
    wait_for(lambda: there.log.count("is ready") == 2, "the second worker", PATIENCE_S)
    there.type(look_after[-1])
    assert there.services[1].wait(60) == 0, "stop"
