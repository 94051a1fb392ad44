"""The how-to page's commands, as they are written, on two homes."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from tests.engine.scheduler.site import Site
from tests.executors.brokers import free_port

from slipstream.store import lease

PAGE = Path(__file__).parents[3] / "docs" / "deployment" / "several-schedulers.md"
DAGS = """
for i in range(4):
    with DAG(f"d{i}", schedule=None):
        @task
        def a():
            prove("a")

        a()
"""


def _blocks() -> list[list[str]]:
    """Return the page's indented blocks, as lists of their lines."""
    found = re.findall(r"\n\n((?:    .+\n)+)", PAGE.read_text())
    return [[line.strip() for line in block.splitlines()] for block in found]


@pytest.fixture
def processes() -> Iterator[list[subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for process in started:
        process.terminate()
    for process in started:
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_the_pages_commands_bring_up_two_schedulers(
    any_site: Site, store_url: str, tmp_path: Path, processes: list[subprocess.Popen[bytes]]
) -> None:
    site = any_site
    site.write_dag("all", DAGS)
    first, second, check = _blocks()
    given = {
        "AIRFLOW__CORE__DAGS_FOLDER": str(site.home / "dags"),
        "AIRFLOW__CORE__FERNET_KEY": Fernet.generate_key().decode(),
    }

    def machine(home: Path, lines: list[str]) -> tuple[dict[str, str], list[str]]:
        """Return the environment that a block exports and its command."""
        home.mkdir(exist_ok=True)
        *exports, command = lines
        env = os.environ | given | {"AIRFLOW_HOME": str(home)}
        for line in exports:
            name, _, _ = shlex.split(line)[1].partition("=")
            assert name == "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
            env[name] = store_url
        assert command.startswith("slipstream ")
        return env, [sys.executable, "-m", *shlex.split(command)]

    port = ["--port", str(free_port()), "--host", "127.0.0.1"]
    for home, lines, more in ((site.home, first, port), (tmp_path / "other", second, [])):
        env, command = machine(home, lines)
        processes.append(subprocess.Popen([*command, *more], env=env, start_new_session=True))

    def is_shared() -> bool:
        with site.store.read() as conn:
            return sorted(lease.count_dags(conn).values()) == [2, 2]

    site.until(is_shared, "both schedulers to have their part", 60.0)
    env, command = machine(site.home, check)
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "2 services are alive.\n"
    rows = [site.trigger(f"d{i}") for i in range(4)]
    for row in rows:
        assert site.finish(row) == "success"
