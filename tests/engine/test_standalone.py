"""``standalone``: one command starts everything, keeps it up, and leaves nothing behind."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.standalone import Standalone, wait_for

STOP_S = 5.0

SLEEPER = """
from datetime import datetime
from airflow.sdk import DAG
from airflow.providers.standard.operators.bash import BashOperator

with DAG("sleeper", schedule=None, start_date=datetime(2026, 1, 1), is_paused_upon_creation=False):
    BashOperator(task_id="sleep", bash_command="sleep 300")
"""


def health(url: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{url}/api/v2/monitor/health", timeout=10) as answer:
        return dict(json.load(answer))


def is_healthy(url: str) -> bool:
    try:
        found = health(url)
    except (urllib.error.URLError, OSError):
        return False
    return all(found[part]["status"] == "healthy" for part in ("scheduler", "dag_processor"))


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Standalone]]:
    started: list[Standalone] = []

    def make(home: Path | None = None, **options: str | None) -> Standalone:
        started.append(Standalone(home or tmp_path / "home", **options))
        return started[-1]

    yield make
    for each in started:
        each.close()


Start = Callable[..., Standalone]


@pytest.mark.alone
def test_it_starts_everything_and_stops_it_within_five_seconds(start: Start) -> None:
    standalone = start()
    url = standalone.wait_until_ready()
    assert is_healthy(url)
    passwords = standalone.home / "simple_auth_manager_passwords.json.generated"
    assert passwords.stat().st_mode & 0o777 == 0o600
    password = json.loads(passwords.read_text())["admin"]
    assert re.search(rf"admin +{password}", standalone.output)
    assert re.search(r"^scheduler +\| |^dag-processor +\| ", standalone.output, re.MULTILINE)
    began = time.monotonic()
    standalone.process.send_signal(signal.SIGTERM)
    assert standalone.wait_for_end() == 0
    assert time.monotonic() - began < STOP_S
    assert standalone.processes() == {}
    assert standalone.lines[-1].endswith("| Stopped.")


@pytest.mark.alone
def test_ctrl_c_ends_running_tasks_too(start: Start) -> None:
    standalone = start()
    (standalone.home / "dags").mkdir(parents=True, exist_ok=True)
    (standalone.home / "dags" / "sleeper.py").write_text(SLEEPER)
    standalone.wait_until_ready()
    wait_for(lambda: "sleeper" in standalone.cli("dags", "list"), "the DAG")
    standalone.cli("dags", "trigger", "sleeper")
    wait_for(lambda: "sleep 300" in str(standalone.processes().values()), "the task")
    began = time.monotonic()
    os.killpg(standalone.process.pid, signal.SIGINT)  # as a terminal does
    assert standalone.wait_for_end() == 0
    assert time.monotonic() - began < STOP_S
    assert standalone.processes() == {}


@pytest.mark.parametrize("part", ["scheduler", "dag-processor", "api-server"])
def test_a_part_that_dies_starts_again(start: Start, part: str) -> None:
    standalone = start()
    url = standalone.wait_until_ready()
    before = standalone.pid_of(part)
    assert before is not None
    os.kill(before, signal.SIGKILL)
    wait_for(lambda: standalone.pid_of(part) not in (None, before), "another process")
    # The port was never given up: whoever connects meanwhile waits for the new server.
    assert health(url)["metadatabase"]["status"] == "healthy"
    wait_for(lambda: is_healthy(url), "healthy again")
    assert f"{part} was killed by SIGKILL; starts again" in standalone.output
    assert standalone.process.poll() is None


def test_a_worker_host_that_dies_starts_again(start: Start) -> None:
    standalone = start()
    standalone.wait_until_ready()
    before = wait_for(lambda: standalone.pid_of("worker-host"), "the worker host")
    os.kill(before, signal.SIGKILL)
    wait_for(lambda: f"(pid {before}) ended with -9" in standalone.output, "word of its end")
    wait_for(lambda: standalone.pid_of("worker-host") not in (None, before), "another one")


def test_the_worker_host_of_a_dead_scheduler_makes_way_for_the_next_ones(start: Start) -> None:
    standalone = start()
    standalone.wait_until_ready()
    before = wait_for(lambda: standalone.pid_of("worker-host"), "the worker host")
    os.kill(standalone.pid_of("scheduler"), signal.SIGKILL)
    wait_for(lambda: before not in standalone.processes(), "its end")
    wait_for(lambda: standalone.pid_of("worker-host") not in (None, before), "another one")


def test_parts_keep_nothing_of_the_supervisors(start: Start) -> None:
    standalone = start()
    standalone.wait_until_ready()
    for part in ("scheduler", "dag-processor", "api-server"):
        pid = standalone.pid_of(part)
        descriptors = [os.readlink(link) for link in Path(f"/proc/{pid}/fd").iterdir()]
        # A part that outlived the supervisor would keep its lock.
        assert not [name for name in descriptors if name.endswith("standalone.lock")]
        assert os.getpgid(pid or 0) == pid
    # The means to migrate are gone with the process that did it.
    assert "slip-database" not in [
        Path(f"/proc/{pid}/comm").read_text().strip() for pid in standalone.processes()
    ]


def test_a_part_that_starts_again_reads_the_configuration_again(start: Start) -> None:
    standalone = start()
    url = standalone.wait_until_ready()
    (standalone.home / "airflow.cfg").write_text("[core]\nparallelism = many\n")
    before = standalone.pid_of("scheduler")
    assert before is not None
    os.kill(before, signal.SIGKILL)
    wait_for(lambda: "[core] parallelism is 'many'" in standalone.output, "the complaint")
    (standalone.home / "airflow.cfg").write_text("[core]\nparallelism = 4\n")
    wait_for(lambda: standalone.pid_of("scheduler") not in (None, before), "another process")
    wait_for(lambda: is_healthy(url), "healthy again")


def test_a_database_of_another_program_is_left_alone(tmp_path: Path, start: Start) -> None:
    path = tmp_path / "other.db"
    with contextlib.closing(sqlite3.connect(path)) as other, other:
        other.execute("CREATE TABLE alembic_version (version_num TEXT)")
        other.execute("INSERT INTO alembic_version VALUES ('29ce7909c52b')")
    standalone = start(AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{path}")
    assert standalone.wait_for_end() == 1
    assert standalone.output.count("belongs to another program") == 1, standalone.output
    assert "Traceback" not in standalone.output
    assert "api-server" not in standalone.output, "nothing may start on it"


def test_a_second_start_on_the_same_home_says_so(start: Start) -> None:
    first = start()
    first.wait_until_ready()
    second = start(first.home)
    assert second.wait_for_end() == 1
    assert second.output == (
        f"slipstream: Slipstream already runs on {first.home} (pid {first.process.pid}): stop it "
        "first, or set AIRFLOW_HOME to another folder."
    )
    assert first.process.poll() is None


def test_when_the_supervisor_is_killed_nothing_is_left_behind(start: Start) -> None:
    standalone = start()
    standalone.wait_until_ready()
    assert len(standalone.processes()) > 3
    standalone.process.kill()
    wait_for(lambda: not standalone.processes(), "the end of all processes", 15.0)
    again = start(standalone.home)  # the lock went with its holder
    again.wait_until_ready()


def test_a_taken_port_is_one_clear_message(start: Start) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        standalone = start(AIRFLOW__API__PORT=str(port))
        assert standalone.wait_for_end() == 1
    assert len(standalone.lines) == 1
    assert f"Port {port} is taken by another program" in standalone.lines[0]
    assert standalone.processes() == {}


def test_airflow_2s_name_of_the_port_is_understood(tmp_path: Path, start: Start) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # airflow.cfg, since the environment of these tests says [api] port.
    home = tmp_path / "home"
    home.mkdir()
    (home / "airflow.cfg").write_text(f"[webserver]\nweb_server_port = {port}\n")
    standalone = start(home, AIRFLOW__API__PORT=None)
    assert standalone.wait_until_ready() == f"http://127.0.0.1:{port}"
    assert "is an old name: use [api] port" in standalone.output


def test_it_is_ready_with_tls_too(tmp_path: Path, start: Start) -> None:
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"),
            *("-subj", "/CN=example.org", "-out", str(certificate), "-keyout", str(key)),
        ],
        check=True,
        capture_output=True,
    )
    standalone = start(AIRFLOW__API__SSL_CERT=str(certificate), AIRFLOW__API__SSL_KEY=str(key))
    assert standalone.wait_until_ready().startswith("https://127.0.0.1:")


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "nonsense", "sql_alchemy_conn"),
        ("AIRFLOW__CORE__EXECUTOR", "NoSuchExecutor", "NoSuchExecutor"),
        ("AIRFLOW__CORE__PARALLELISM", "many", "[core] parallelism is 'many'"),
    ],
)
def test_what_cannot_start_says_why_once_and_stops(
    start: Start, option: str, value: str, message: str
) -> None:
    standalone = start(**{option: value})
    assert standalone.wait_for_end() == 1
    assert standalone.output.count(message) == 1, standalone.output
    assert "Traceback" not in standalone.output
    assert standalone.processes() == {}
