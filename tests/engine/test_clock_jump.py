"""The system clock is set by an hour, forward or back, under a whole running installation.

``libfaketime`` moves the wall clock of real processes while they run; the monotonic clock goes on as
it does when a real clock is set.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.faketime import Clock
from tests.standalone import Standalone, wait_for

pytestmark = pytest.mark.alone

HOUR_S = 3600

DAG = """
import os
from datetime import datetime, timedelta
from airflow.sdk import DAG, task
from airflow.providers.standard.operators.bash import BashOperator

HOME = os.environ["AIRFLOW_HOME"]

def prove(word):
    fd = os.open(os.path.join(HOME, "proof"), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(fd, (word + "\\n").encode())
    os.close(fd)

with DAG("jump", schedule=None, is_paused_upon_creation=False, dagrun_timeout=timedelta(minutes=10)):
    @task(retries=1, retry_delay=timedelta(seconds=8))
    def again(ti=None):
        prove(f"again {ti.try_number}")
        if ti.try_number == 1:
            raise RuntimeError("not yet")

    @task
    def after():
        prove("after")

    held = BashOperator(
        task_id="held",
        bash_command="echo held >> $AIRFLOW_HOME/proof; until [ -e $AIRFLOW_HOME/go ]; do sleep 0.1; done",
        execution_timeout=timedelta(minutes=5),
        append_env=True,
    )
    held >> after()
    again()

with DAG("minutely", schedule="* * * * *", catchup=False, start_date=datetime(2024, 1, 1),
         is_paused_upon_creation=False):
    @task
    def tick(logical_date=None):
        pass

    tick()
"""


class Site:
    """A standalone installation on a clock of its own."""

    def __init__(self, home: Path) -> None:
        home.mkdir()
        (home / "dags").mkdir()
        (home / "dags" / "jump.py").write_text(DAG)
        self.home = home
        self.clock = Clock(home)
        self.clock.check()
        self.standalone = Standalone(home, **self.clock.env)

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.home / "airflow.db", timeout=10)) as db:
            return db.execute(query, values).fetchall()

    def proof(self) -> list[str]:
        path = self.home / "proof"
        return path.read_text().splitlines() if path.exists() else []

    def heartbeats(self) -> dict[str, datetime]:
        """Return the heartbeat of each kind of process that is at work."""
        found = self.rows("SELECT job_type, heartbeat_at FROM job WHERE state = 'running'")
        return {kind: datetime.fromisoformat(at) for kind, at in found}

    def attempts(self) -> list[tuple[Any, ...]]:
        return self.rows(
            "SELECT a.task_id, a.try_number, a.ti_state FROM attempt a "
            "JOIN dag_run r ON r.id = a.dag_run_id WHERE r.dag_id = 'jump' ORDER BY 1, 2"
        )

    def cpu_s(self) -> float:
        """Return the CPU time that the scheduler has used."""
        pid = self.standalone.pid_of("scheduler")
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def state(self, run_id: str) -> str:
        return str(self.rows("SELECT state FROM dag_run WHERE run_id = ?", run_id)[0][0])


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path / "home")
    yield site
    site.standalone.close()


@pytest.mark.parametrize("seconds", [HOUR_S, -HOUR_S], ids=["forward", "back"])
def test_tasks_in_flight_are_not_affected_by_a_clock_that_jumps(site: Site, seconds: int) -> None:
    site.standalone.wait_until_ready()
    wait_for(lambda: site.rows("SELECT 1 FROM dag WHERE dag_id = 'jump'"), "the DAG")
    said = site.standalone.cli("dags", "trigger", "jump", "--run-id", "one", "--output", "json")
    assert json.loads(said)[0]["dag_run_id"] == "one"
    wait_for(lambda: "held" in site.proof(), "a task in flight")
    wait_for(lambda: ("again", 1, "up_for_retry") in site.attempts(), "a retry that waits")
    before, beats = site.standalone.processes(), site.heartbeats()
    assert len(beats) >= 3

    site.clock.jump(seconds)
    shift = timedelta(seconds=seconds)

    def all_follow() -> bool:
        now = site.heartbeats()
        return all(abs(now[kind] - at - shift) < timedelta(minutes=5) for kind, at in beats.items())

    wait_for(all_follow, "heartbeats by the new clock")
    wait_for(lambda: "the system clock was set" in site.standalone.output, "word of it")
    began, used_s = time.monotonic(), site.cpu_s()
    wait_for(lambda: "again 2" in site.proof(), "the retry, at its time")
    assert site.cpu_s() - used_s < 1 + (time.monotonic() - began) / 4, "the scheduler is busy"
    assert site.state("one") == "running"
    (site.home / "go").touch()
    wait_for(lambda: site.state("one") == "success", "the run's end")
    assert sorted(site.proof()) == ["after", "again 1", "again 2", "held"]
    assert site.attempts() == [
        ("after", 1, "success"),
        ("again", 1, "up_for_retry"),
        ("again", 2, "success"),
        ("held", 1, "success"),
    ]
    # And it goes on: what is asked for now is done, by the same processes as before.
    site.standalone.cli("dags", "trigger", "jump", "--run-id", "two")
    wait_for(lambda: site.state("two") == "success", "a run by the new clock")
    parts = {pid for pid, line in before.items() if "slipstream" in line}
    # Zygotes and tasks end when there is nothing for them to do.
    parts -= {pid for pid in parts if "slipstream.task" in before[pid] or "zygote" in before[pid]}
    assert len(parts) >= 5  # the supervisor, its three parts and the worker host
    assert parts <= set(site.standalone.processes()), site.standalone.output
    # A run a minute, and one for the hour that has passed: not sixty.
    assert site.rows("SELECT count(*) FROM dag_run WHERE dag_id = 'minutely'")[0][0] < 6
    site.standalone.process.send_signal(signal.SIGTERM)
    assert site.standalone.wait_for_end(30) == 0
