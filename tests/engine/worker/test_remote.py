"""A host that knows only the API server: what it must not have, and what it survives."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.api.running import Api
from tests.engine.worker.rig import Rig, is_alive
from tests.executors.remote import ApiServer, RemoteLocalExecutor

from slipstream.clock import SyncedClock
from slipstream.config import conf
from slipstream.errors import SlipstreamError
from slipstream.executors.base import AttemptFinished, AttemptHandedBack, AttemptStarted
from slipstream.machine.decision import Decision, TaskInstanceChange
from slipstream.machine.event import TIKey
from slipstream.state import TaskInstanceState as S
from slipstream.store import Store, decision, task_instance, variable
from slipstream.token import ExecutionTokens, Scope
from slipstream.worker.http_client import Client

WAITS = """
@task
def t():
    prove(f"begun {os.getpid()}")
    while not os.path.exists(os.path.join(HOME, "go")):
        time.sleep(0.02)
    prove("ended")
    return 1
@task
def quick(): return os.getpid()
t(); quick()
"""


@pytest.fixture
def env() -> dict[str, str]:
    """What is different in the host's environment; to be filled before the rig is started."""
    return {}


@pytest.fixture
def rig(home: Path, env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    monkeypatch.setenv("AIRFLOW__SCHEDULER__JOB_HEARTBEAT_SEC", "0.2")
    with Store.open() as store, contextlib.ExitStack() as stack:
        server = ApiServer(apps="all")
        stack.callback(server.kill)
        server.start()
        rig = Rig(home, store, RemoteLocalExecutor(server.url, env=env))
        rig.api_server = server
        yield rig
        rig.executor.stop(3.0)


def _begun(rig: Rig) -> str:
    attempt_id = rig.submit("t")
    rig.started(attempt_id)
    rig.until(lambda: rig.proof(), "its begin")
    return attempt_id


def _go(rig: Rig) -> None:
    (rig.home / "go").touch()
    rig.proven("ended")


# What such a host is


def test_the_process_never_imports_the_store() -> None:
    code = (
        "import sys\n"
        "import slipstream.worker.__main__, slipstream.worker.http, slipstream.worker.log_ship\n"
        "heavy = ('slipstream.store', 'sqlalchemy', 'fastapi', 'pydantic', 'slipstream.machine')\n"
        "print([m for m in sys.modules if m.startswith(heavy)])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_running_host_has_no_database_open_and_no_store_in_memory(rig: Rig) -> None:
    rig.start()
    rig.dag(WAITS)
    assert rig.outcome("quick").state is S.SUCCESS
    pids = [rig.host_pid, *rig.processes()]
    for pid in pids:
        maps = Path(f"/proc/{pid}/maps").read_text()
        assert "sqlalchemy" not in maps
        files = [os.readlink(fd) for fd in Path(f"/proc/{pid}/fd").iterdir()]
        assert not [name for name in files if "airflow.db" in name]


def test_variables_at_the_top_of_a_file_are_asked_for_the_attempt_that_waits(rig: Rig) -> None:
    rig.start()
    rig.store.write(lambda conn: variable.set(conn, "v", "deep", None))
    rig.raw(
        """
        from airflow.sdk import DAG, Variable, task
        TOP = Variable.get("v")
        with DAG("d", schedule=None):
            @task
            def t(): return TOP
            t()
        """
    )
    assert rig.outcome("t").state is S.SUCCESS
    assert rig.xcom("t") == "deep"


# The API server comes and goes


def test_an_api_server_killed_in_mid_task_gets_the_outcome_once_when_it_is_back(rig: Rig) -> None:
    rig.start()
    rig.dag(WAITS)
    attempt_id = _begun(rig)
    rig.api_server.kill()
    _go(rig)
    rig.until(lambda: attempt_id in rig.journals, "the outcome on disk")
    assert rig.row(attempt_id).state == "running"
    rig.api_server.start()
    assert rig.finished(attempt_id).state is S.SUCCESS
    assert rig.xcom("t") == 1
    rig.until(lambda: not rig.journals, "the journal to be emptied")
    assert len(rig.of(AttemptFinished, attempt_id)) == 1


def test_a_full_disk_under_the_journal_loses_no_outcome_while_the_host_lives(rig: Rig) -> None:
    rig.start()
    rig.dag(WAITS)
    ids = [_begun(rig), rig.submit("t", map_index=1), rig.submit("t", map_index=2)]
    for attempt_id in ids:
        rig.started(attempt_id)
    rig.api_server.kill()
    # To the host, the disk is full in the middle of a line; its tasks have their own limit.
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.prlimit(rig.host_pid, resource.RLIMIT_FSIZE, (100, most))
    _go(rig)
    rig.until(lambda: rig.proof().count("ended") == 3, "the end of all")
    rig.until(lambda: list((rig.home / "run" / "remote").glob("outcomes-*")), "a try to write")
    assert not rig.journals
    resource.prlimit(rig.host_pid, resource.RLIMIT_FSIZE, (most, most))
    rig.until(
        lambda: sorted(rig.journals) == sorted(ids), "all of them on disk, now that it has room"
    )
    rig.api_server.start()
    for attempt_id in ids:
        assert rig.finished(attempt_id).state is S.SUCCESS
    rig.until(lambda: not rig.journals, "the journal to be emptied")


def test_a_full_disk_under_the_journal_is_no_matter_once_the_server_is_back(rig: Rig) -> None:
    rig.start()
    rig.dag(WAITS)
    attempt_id = _begun(rig)
    rig.api_server.kill()
    resource.prlimit(rig.host_pid, resource.RLIMIT_FSIZE, (0, 0))
    _go(rig)
    rig.until(lambda: list((rig.home / "run" / "remote").glob("outcomes-*")), "a try to write")
    rig.api_server.start()
    assert rig.finished(attempt_id).state is S.SUCCESS
    assert rig.xcom("t") == 1


def test_what_a_killed_host_could_not_deliver_the_next_one_of_the_machine_does(rig: Rig) -> None:
    rig.start()
    rig.dag(WAITS)
    attempt_id = _begun(rig)
    rig.api_server.kill()
    _go(rig)
    rig.until(lambda: attempt_id in rig.journals, "the outcome on disk")
    rig.executor._is_stopped = True  # its launcher dies with it
    os.kill(rig.host_pid, signal.SIGKILL)
    rig.until(lambda: rig.executor._link is None, "the host's end")
    rig.api_server.start()
    later = rig.successor()
    later.start()
    try:
        assert later.finished(attempt_id).state is S.SUCCESS
        assert rig.xcom("t") == 1
        later.until(lambda: not rig.journals, "the journal to be emptied")
    finally:
        later.executor.stop(3.0)


def test_many_attempts_survive_an_api_server_that_is_killed_again_and_again(rig: Rig) -> None:
    rig.start()
    rig.dag("@task\ndef t():\n    prove('ran')\n    time.sleep(0.02)\nt()")
    ids = [rig.submit("t", map_index=n) for n in range(40)]
    for n in (5, 15, 25):
        rig.until(lambda n=n: len(rig.proof()) > n, "some to have run")
        rig.api_server.kill()
        rig.api_server.start()
    for attempt_id in ids:
        assert rig.finished(attempt_id).state is S.SUCCESS
        assert len(rig.of(AttemptStarted, attempt_id)) == 1
    assert len(rig.proof()) == 40


def test_a_read_waits_for_the_api_server(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__WORKERS__EXECUTION_API_RETRY_WAIT_MIN", "0.1")
    rig.start()
    rig.store.write(lambda conn: variable.set(conn, "v", "still", None))
    rig.dag(
        """
        from airflow.sdk import Variable
        @task
        def t():
            prove("begun")
            while not os.path.exists(os.path.join(HOME, "go")):
                time.sleep(0.02)
            return Variable.get("v")
        t()
        """
    )
    attempt_id = rig.submit("t")
    rig.proven("begun")
    rig.api_server.kill()
    (rig.home / "go").touch()
    rig.api_server.start()
    assert rig.finished(attempt_id).state is S.SUCCESS
    assert rig.xcom("t") == "still"


# Tokens and garbage


def test_a_forged_token_starts_nothing_and_harms_no_other(rig: Rig) -> None:
    rig.start()
    rig.dag(WAITS)
    forged = rig.workload("quick")
    other = ExecutionTokens(b"other", conf.get("execution_api", "jwt_audience"))
    forged.token = other.issue(Scope.START, forged.attempt_id, datetime.now(UTC), 600)
    rig.executor.submit([forged])
    assert rig.outcome("quick").state is S.SUCCESS
    swapped = rig.workload("quick")
    swapped.token = rig.workload("quick").token
    rig.executor.submit([swapped])
    assert rig.outcome("quick").state is S.SUCCESS
    for workload in (forged, swapped):
        assert rig.row(workload.attempt_id).state == "queued"
        assert not rig.of(AttemptStarted, workload.attempt_id)
    rig.until(
        lambda: not rig.executor.adopt([forged.attempt_id, swapped.attempt_id]),
        "the host to let go of them",
    )


def test_an_expired_token_sends_the_attempt_back_to_the_scheduler(rig: Rig) -> None:
    rig.start()
    rig.dag(WAITS)
    workload = rig.workload("quick")
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    workload.token = ExecutionTokens.configured().issue(
        Scope.START, workload.attempt_id, long_ago, 60
    )
    rig.executor.submit([workload])
    rig.until(lambda: rig.of(AttemptHandedBack, workload.attempt_id), "its way back")
    assert rig.row(workload.attempt_id).state == "queued"
    assert not rig.of(AttemptStarted, workload.attempt_id)


def test_a_workload_that_cannot_be_read_fails_its_attempt_with_the_reason(rig: Rig) -> None:
    rig.start()
    rig.dag(WAITS)
    workload = rig.workload("quick")
    assert rig.executor._link is not None
    broken: list[Any] = [
        {"attempt_id": workload.attempt_id, "token": workload.token, "dag_id": 5},
        {"rubbish": 1},
        {},
        "x",
        None,
        [1],
    ]
    large = rig.workload("quick", map_index=1)
    broken.append({**broken[0], "attempt_id": large.attempt_id, "token": large.token})
    broken[-1]["dag_id"] = ["more than a reason may have"] * 1000
    rig.executor._link.send({"m": "submit", "workloads": broken})
    for attempt_id in (workload.attempt_id, large.attempt_id):
        outcome = rig.finished(attempt_id)
        assert outcome.state is S.FAILED
        assert "cannot read the workload" in (outcome.error or "")
    assert rig.outcome("quick").state is S.SUCCESS


def _skew(env: dict[str, str], folder: Path, seconds: int) -> None:
    """Have a host's wall clock be so many seconds off."""
    (folder / "skewed").mkdir()
    (folder / "skewed" / "sitecustomize.py").write_text(
        "import datetime as d, slipstream.clock as clock\n"
        "class Skewed(d.datetime):\n"
        "    @classmethod\n"
        f"    def now(cls, tz=None): return d.datetime.now(tz) + d.timedelta(seconds={seconds})\n"
        "clock.datetime = Skewed\n"
    )
    env["PYTHONPATH"] = str(folder / "skewed")


@pytest.mark.parametrize("wrong_by_s", [60, -60])
def test_a_machine_whose_clock_is_a_minute_off_reports_the_databases_time(
    rig: Rig, env: dict[str, str], tmp_path: Path, wrong_by_s: int
) -> None:
    _skew(env, tmp_path, wrong_by_s)
    rig.start()
    rig.dag(
        """
        from airflow.sdk import timezone
        @task
        def t(): raise AirflowRescheduleException(timezone.utcnow() + timedelta(seconds=30))
        t()
        """
    )
    before = datetime.now(UTC)
    outcome = rig.outcome("t")
    after = datetime.now(UTC)
    little = timedelta(seconds=2)
    assert outcome.state is S.UP_FOR_RESCHEDULE
    for at in (outcome.started_at, outcome.ended_at, outcome.reschedule_at - timedelta(seconds=30)):
        assert before - little < at < after + little


@pytest.mark.parametrize("wrong_by_s", [60, -60])
def test_an_attempt_that_came_before_the_time_was_known_begins_by_the_databases(
    rig: Rig, env: dict[str, str], tmp_path: Path, wrong_by_s: int
) -> None:
    _skew(env, tmp_path, wrong_by_s)
    assert rig.api_server is not None
    rig.api_server.kill()
    before = datetime.now(UTC)
    rig.start()
    rig.dag(WAITS)
    attempt_id = rig.submit("quick")
    rig.until(lambda: len(rig.processes()) >= 3, "a process to wait for leave to begin")
    rig.api_server.start()
    assert rig.finished(attempt_id).state is S.SUCCESS
    started_at = rig.row(attempt_id).started_at
    little = timedelta(seconds=2)
    assert before - little < started_at < datetime.now(UTC) + little


def test_a_dag_file_that_the_worker_does_not_have_is_the_reason(rig: Rig) -> None:
    rig.start()
    outcome = rig.outcome("t", relative_fileloc="elsewhere.py")
    assert outcome.state is S.FAILED
    assert "elsewhere.py" in (outcome.error or "")


def test_a_worker_of_another_version_fails_its_attempts_with_that_reason(
    rig: Rig, env: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "sitecustomize.py").write_text(
        "import slipstream.worker.task_api as t\nt.VERSION = 2\n"
    )
    env["PYTHONPATH"] = str(tmp_path / "other")
    rig.start()
    rig.dag(WAITS)
    outcome = rig.outcome("quick")
    assert outcome.state is S.FAILED
    assert "install the same release" in (outcome.error or "")


def test_nobody_answering_at_the_address_is_waited_for(home: Path) -> None:
    server = ApiServer()
    with Store.open() as store:
        rig = Rig(home, store, RemoteLocalExecutor(server.url))
        rig.api_server = server
        rig.start()
        rig.dag(WAITS)
        attempt_id = rig.submit("quick")
        rig.until(lambda: rig.processes(), "the host to be at work")
        try:
            server.start()
            assert rig.finished(attempt_id).state is S.SUCCESS
        finally:
            rig.executor.stop(3.0)
            server.kill()


@pytest.mark.parametrize("path", ["/", "/api/v2/", "/execution/v1/", "/nothing/"])
def test_an_address_of_something_else_is_told(rig: Rig, path: str) -> None:
    address = f"http://127.0.0.1:{rig.api_server.port}{path}"
    client = Client(address, SyncedClock(), timeout_s=5.0)
    with pytest.raises(SlipstreamError, match="must be like http://host:8080/execution/") as raised:
        client.call("health", None, "", method="GET")
    client.hang_up()
    assert address in str(raised.value)


def test_an_address_that_is_none_is_told(home: Path) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        command = [sys.executable, "-m", "slipstream.worker", "--link", str(theirs.fileno())]
        done = subprocess.run(
            [*command, "--slots", "1", "--api", "nowhere"],
            pass_fds=(theirs.fileno(),),
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert done.returncode == 1
    assert "[core] execution_api_server_url" in done.stderr
    assert "Traceback" not in done.stderr


# Cancelling


def test_a_cleared_task_is_ended_by_the_next_heartbeat(rig: Rig) -> None:
    rig.start()
    rig.dag(WAITS)
    attempt_id = _begun(rig)
    pid = int(rig.proof()[0].split()[1])
    key = TIKey("t")
    cleared = Decision()
    values = {"state": "restarting", "attempt_id": attempt_id}
    cleared.changes[key] = TaskInstanceChange(key, values, is_new=True)
    rig.store.write(decision.save, [(rig.run.id, cleared)], [], datetime.now(UTC))
    outcome = rig.finished(attempt_id)
    assert outcome.state is S.FAILED
    assert "cleared, marked or given up" in (outcome.error or "")
    rig.until(lambda: not is_alive(pid), "its process to be gone")
    with rig.store.read() as conn:
        assert task_instance.get(conn, rig.run.id, "t", -1) is not None


def test_a_task_that_was_closed_is_ended_and_its_outcome_counts_for_nothing(rig: Rig) -> None:
    rig.start()
    rig.dag(WAITS)
    attempt_id = _begun(rig)
    pid = int(rig.proof()[0].split()[1])
    closed = Decision(closed={attempt_id: "success"})
    rig.store.write(decision.save, [(rig.run.id, closed)], [], datetime.now(UTC))
    rig.until(lambda: not is_alive(pid), "its process to be gone")
    rig.until(lambda: not rig.executor.adopt([attempt_id]), "the host to let go of it")
    assert rig.row(attempt_id).outcome is None
    assert rig.outcome("quick").state is S.SUCCESS


def test_slots_can_grow_while_the_host_runs(rig: Rig) -> None:
    rig.start()
    rig.dag(WAITS)
    slots = rig.executor.capabilities.slots or 0
    ids = [rig.submit("t", map_index=n) for n in range(slots + 2)]
    for attempt_id in ids[:slots]:
        rig.started(attempt_id)
    assert rig.executor._link is not None
    rig.executor._link.send({"m": "grow", "slots": slots + 2})
    for attempt_id in ids:
        rig.started(attempt_id)
    _go(rig)
    for attempt_id in ids:
        assert rig.finished(attempt_id).state is S.SUCCESS


# Logs


CHATTY = """
@task
def t():
    print("first words")
    prove(f"begun {os.getpid()}")
    while not os.path.exists(os.path.join(HOME, "go")):
        time.sleep(0.02)
    for n in range(20_000):
        print(f"line {n} " + "x" * 80)
    prove("ended")
t()
"""


def _far_logs(rig: Rig, env: dict[str, str]) -> Path:
    """Give the host a log folder of its own."""
    folder = rig.home / "far-logs"
    env["AIRFLOW__LOGGING__BASE_LOG_FOLDER"] = str(folder)
    return folder


def _same_log(rig: Rig, folder: Path, path: str) -> bool:
    here = Path(conf.get("logging", "base_log_folder")) / path
    return here.exists() and here.read_bytes() == (folder / path).read_bytes()


def test_a_log_is_seen_at_the_server_while_the_task_runs_and_whole_afterwards(
    rig: Rig, env: dict[str, str]
) -> None:
    folder = _far_logs(rig, env)
    rig.start()
    rig.dag(CHATTY)
    workload = rig.workload("t")
    path = workload.log_path = f"dag_id=d/run_id={rig.run_id}/task_id=t/attempt=1.log"
    workload.token = ExecutionTokens.configured().issue(
        Scope.START, workload.attempt_id, datetime.now(UTC), 600, path
    )
    values = {"state": "running", "attempt_id": workload.attempt_id, "try_number": 1}
    decided = Decision()
    key = TIKey("t")
    decided.changes[key] = TaskInstanceChange(key, values, is_new=True)
    rig.store.write(decision.save, [(rig.run.id, decided)], [], datetime.now(UTC))
    rig.executor.submit([workload])
    with contextlib.closing(Api(f"http://127.0.0.1:{rig.api_server.port}", "admin")) as api:
        url = f"/dags/d/dagRuns/{rig.run_id}/taskInstances/t/logs/1"

        def seen() -> str:
            return api.get(url, headers={"Accept": "application/json"}).text

        rig.until(lambda: "first words" in seen(), "the log at the server")
        assert not rig.of(AttemptFinished, workload.attempt_id)
    _go(rig)
    assert rig.finished(workload.attempt_id).state is S.SUCCESS
    rig.until(lambda: _same_log(rig, folder, path), "the whole log")
    assert b"line 19999" in (folder / path).read_bytes()


def test_executions_of_one_try_follow_each_other_in_the_log(rig: Rig, env: dict[str, str]) -> None:
    folder = _far_logs(rig, env)
    rig.start()
    rig.dag("@task\ndef t(ti=None):\n    print('words of', ti.id)\nt()")
    path = "one.log"
    for _ in range(3):
        workload = rig.workload("t", log_path=path)
        rig.executor.submit([workload])
        rig.finished(workload.attempt_id)
        rig.until(lambda: _same_log(rig, folder, path), "the whole log")
    text = (folder / path).read_text()
    assert text.count("words of") == 3


def test_a_log_goes_on_when_the_api_server_is_back(rig: Rig, env: dict[str, str]) -> None:
    folder = _far_logs(rig, env)
    rig.start()
    rig.dag(CHATTY)
    attempt_id = _begun(rig)
    path = f"t-{attempt_id}.log"
    rig.api_server.kill()
    _go(rig)
    rig.api_server.start()
    rig.finished(attempt_id)
    rig.until(lambda: _same_log(rig, folder, path), "the whole log")


def test_a_host_that_stops_sends_the_last_words_of_its_tasks(rig: Rig, env: dict[str, str]) -> None:
    folder = _far_logs(rig, env)
    rig.start()
    rig.dag(CHATTY)
    attempt_id = _begun(rig)
    rig.executor.stop(4.0)
    rig.turn()
    assert rig.finished(attempt_id).state is S.FAILED
    assert _same_log(rig, folder, f"t-{attempt_id}.log")
    assert b"Task finished: failed" in (folder / f"t-{attempt_id}.log").read_bytes()


def test_what_a_killed_host_had_not_sent_of_a_log_the_next_one_of_the_machine_sends(
    rig: Rig, env: dict[str, str]
) -> None:
    folder = _far_logs(rig, env)
    rig.start()
    rig.dag("""
        @task
        def t():
            prove("begun")
            n = 0
            while True:
                n += 1
                print(f"line {n}")
                time.sleep(0.001)
        t()
    """)
    attempt_id = rig.submit("t")
    path = f"t-{attempt_id}.log"
    here = Path(conf.get("logging", "base_log_folder")) / path
    rig.until(lambda: here.exists() and here.stat().st_size > 0, "some of the log at the server")
    os.kill(rig.host_pid, signal.SIGKILL)
    rig.lost(attempt_id)
    # Nothing is submitted to the next host: the dead attempt's own token is its introduction.
    rig.until(lambda: _same_log(rig, folder, path), "the whole log")
    rig.until(lambda: not list((rig.home / "run" / "remote").glob("logs-*")), "the journal's end")


def test_a_shared_log_folder_is_left_as_it_is(rig: Rig) -> None:
    rig.start()
    rig.dag(WAITS)
    attempt_id = rig.submit("quick")
    rig.finished(attempt_id)
    lines = rig.log_text(attempt_id).splitlines()
    assert len(lines) == len(set(lines))
    assert not list((rig.home / "logs").glob(".slipstream*"))


def test_the_same_workload_under_a_new_id_is_another_attempt(rig: Rig) -> None:
    rig.start()
    rig.dag(WAITS)
    first = rig.workload("quick")
    copy = replace(first)
    rig.executor.submit([first, copy])
    assert rig.finished(first.attempt_id).state is S.SUCCESS
    rig.outcome("quick")
    assert len(rig.of(AttemptStarted, first.attempt_id)) == 1
