"""The services' own commands: alone, in the background, and with commands that need them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

DEADLINE_S = 60.0
DAG = """
from datetime import datetime
from airflow.sdk import dag, task

@dag(schedule=None, start_date=datetime(2026, 1, 1), is_paused_upon_creation=False)
def small():
    @task
    def one():
        print("the task says hello")

    one()

small()
"""


def wait_for(condition: Callable[[], Any], what: str) -> Any:
    ends_at = time.monotonic() + DEADLINE_S
    while time.monotonic() < ends_at:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {DEADLINE_S:g} s: {what}")


class Installation:
    def __init__(self, home: Path) -> None:
        self.home = home
        kept = {name: text for name, text in os.environ.items() if not name.startswith("AIRFLOW")}
        kept.pop("PYTHONDONTWRITEBYTECODE", None)
        self.env = {**kept, "AIRFLOW_HOME": str(home), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
        self.services: list[subprocess.Popen[bytes]] = []
        (home / "dags").mkdir(parents=True)
        (home / "dags" / "small.py").write_text(DAG)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "slipstream", *words],
            env=self.env,
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
        )

    def serve(self, *words: str) -> subprocess.Popen[bytes]:
        log = (self.home / f"{words[0]}.log").open("wb")
        with log:
            process = subprocess.Popen(
                [sys.executable, "-m", "slipstream", *words],
                env=self.env,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.services.append(process)
        return process

    def job_is_alive(self, job_type: str) -> bool:
        return self.run("jobs", "check", "--job-type", job_type).returncode == 0


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Installation]:
    made = Installation(tmp_path / "home")
    assert made.run("db", "migrate").returncode == 0
    yield made
    for process in made.services:
        if process.poll() is None:
            process.kill()
        process.wait(DEADLINE_S)


def test_a_scheduler_needs_a_migrated_database(tmp_path: Path) -> None:
    site = Installation(tmp_path / "home")
    done = site.run("scheduler")
    assert done.returncode == 1
    assert "run `slipstream db migrate`" in done.stderr
    assert "Traceback" not in done.stderr


def test_services_alone_run_a_task_and_stop_in_time(site: Installation) -> None:
    assert site.run("dag-processor", "--num-runs", "1").returncode == 0
    scheduler = site.serve("scheduler")
    wait_for(lambda: site.job_is_alive("SchedulerJob"), "the scheduler")
    assert site.run("dags", "trigger", "small", "-r", "r1").returncode == 0
    one = ("small", "one", "r1")
    wait_for(lambda: site.run("tasks", "state", *one).stdout == "success\n", "the task's end")
    assert "--force runs it again" in site.run("tasks", "run", *one).stdout
    again = site.run("tasks", "run", *one, "--force")
    assert "ended as success (try 2)" in again.stdout
    assert "the task says hello" in again.stdout
    assert "It succeeded" in site.run("tasks", "explain", *one).stdout
    began = time.monotonic()
    scheduler.terminate()
    assert scheduler.wait(DEADLINE_S) == 0
    assert time.monotonic() - began < 5.0
    assert not site.job_is_alive("SchedulerJob")


def test_a_pid_that_is_somebody_else_s_by_now_is_in_nobody_s_way(site: Installation) -> None:
    other = subprocess.Popen(["sleep", "60"])
    try:
        left = site.home / "airflow-worker.pid"
        left.write_text(f"{other.pid}\n")
        stopped = site.run("celery", "stop")
        assert (stopped.returncode, "is gone" in stopped.stderr) == (1, True)
        assert not left.exists()
        pid_file = site.home / "airflow-dag-processor.pid"
        pid_file.write_text(f"{other.pid}\n")
        assert site.run("dag-processor", "--daemon").returncode == 0
        pid = int(pid_file.read_text())
        assert pid != other.pid
        os.kill(pid, signal.SIGTERM)
        wait_for(lambda: not Path(f"/proc/{pid}").exists(), "its end")
        assert other.poll() is None, "it was ended in a worker's place"
    finally:
        other.kill()
        other.wait()


def test_a_service_can_go_to_the_background(site: Installation) -> None:
    done = site.run("dag-processor", "--daemon")
    assert done.returncode == 0, done.stderr
    pid_file = site.home / "airflow-dag-processor.pid"
    pid = int(pid_file.read_text())
    assert f"(pid {pid})" in done.stdout
    try:
        wait_for(lambda: "small" in site.run("dags", "list").stdout, "the DAG")
        second = site.run("dag-processor", "--daemon")
        assert (second.returncode, f"runs already (pid {pid}" in second.stderr) == (1, True)
    finally:
        os.kill(pid, signal.SIGTERM)
    wait_for(lambda: not Path(f"/proc/{pid}").exists(), "its end")
    assert not pid_file.exists()
    assert "Traceback" not in (site.home / "airflow-dag-processor.err").read_text()


def test_a_log_file_gets_the_log_whatever_else_is_given(site: Installation) -> None:
    log, other, pid_file = (site.home / name for name in ("x.log", "other.err", "x.pid"))
    done = site.run(
        *("dag-processor", "-D", "-l", str(log), "--stderr", str(other), "--pid", str(pid_file)),
        *("--num-runs", "1", "--verbose"),
    )
    assert f"it logs to {log}" in done.stdout
    wait_for(lambda: not pid_file.exists(), "its end")
    assert not other.exists()


def test_a_signal_to_all_processes_of_a_service_is_no_loss(site: Installation) -> None:
    processor = site.serve("dag-processor")
    wait_for(lambda: "small" in site.run("dags", "list").stdout, "the DAG")
    os.killpg(processor.pid, signal.SIGTERM)
    assert processor.wait(DEADLINE_S) == 0
    assert "is gone" not in (site.home / "dag-processor.log").read_text()


def test_the_api_server_says_where_it_is(site: Installation) -> None:
    site.serve("webserver", "--hostname", "127.0.0.1", "--port", "0")  # Airflow 2's word
    log = site.home / "webserver.log"
    wait_for(lambda: "and log in with:" in log.read_text(), "the login")
    assert "admin" in log.read_text()
