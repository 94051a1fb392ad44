"""``dags test``: a whole DAG by one command, with real task processes and no server."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

FILE = """
from datetime import datetime
from airflow.sdk import dag, task
import neighbour

@dag(schedule=None, start_date=datetime(2026, 1, 1))
def {name}():
    @task
    def one():
        print("hello from", neighbour.NAME)
        return 20

    @task
    def two(n, **context):
        assert context["params"].get("bad") is None, "the conf says bad"
        return n + context["dag_run"].conf.get("plus", 1)

    two(one())

{name}()
"""


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    kept = {name: text for name, text in os.environ.items() if not name.startswith("AIRFLOW")}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)  # compiling everything anew takes seconds
    return {**kept, "AIRFLOW_HOME": str(tmp_path / "home"), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A DAG file in no bundle, which imports its neighbour."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "neighbour.py").write_text("NAME = 'next door'\n")
    path = folder / "flow.py"
    path.write_text(FILE.format(name="flow"))
    return path


def slipstream(env: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "slipstream.cli.main", *words],
        env=env,
        capture_output=True,
        text=True,
        timeout=90,
    )


def test_a_file_runs_with_nothing_set_up(env: dict[str, str], file: Path) -> None:
    done = slipstream(env, "dags", "test", str(file), "2026-02-03", "--conf", '{"plus": 2}')
    assert done.returncode == 0, done.stderr
    assert "two: success" in done.stdout
    assert "The run ended as success" in done.stdout
    listed = slipstream(env, "dags", "list-runs", "flow", "-o", "plain")
    assert "manual__2026-02-03T00:00:00+00:00" in listed.stdout


def test_failed_deps_of_a_task_that_has_run_say_how_it_ended(
    env: dict[str, str], file: Path
) -> None:
    slipstream(env, "dags", "test", str(file), "2026-01-01")
    told = slipstream(env, "tasks", "failed-deps", "flow", "one", "2026-01-01").stdout
    assert told.startswith("The task instance has ended as success:")


def test_a_failed_run_shows_its_log_and_exits_with_1(env: dict[str, str], file: Path) -> None:
    file.write_text(FILE.format(name="flow").replace("return n +", "raise ValueError('boom')\n#"))
    done = slipstream(env, "dags", "test", str(file))
    assert done.returncode == 1
    assert "two | ValueError: boom" in done.stdout
    assert "The run ended as failed" in done.stdout
    assert "two failed" in done.stdout


def test_what_a_task_says_is_shown_while_it_runs(env: dict[str, str], tmp_path: Path) -> None:
    released = tmp_path / "released"
    path = tmp_path / "loud.py"
    path.write_text(
        "import logging, os, time\n"
        "from airflow.sdk import DAG, task\n"
        "with DAG('loud', schedule=None):\n"
        "    @task(retries=1, retry_delay=0.1)\n"
        "    def one(ti=None):\n"
        "        if ti.try_number == 1:\n"
        "            raise ValueError('boom')\n"
        "        print('before')\n"
        "        logging.getLogger('mine').warning('[bold]as it is[/bold]')\n"
        f"        while not os.path.exists({str(released)!r}):\n"
        "            time.sleep(0.05)\n"
        "        print('after', end='')\n"
        "    one()\n"
    )
    command = [sys.executable, "-m", "slipstream.cli.main", "dags", "test", str(path)]
    shown = []
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            shown.append(line[9:] if line[2:3] == ":" else re.sub(r" \d\d:\d\d:\d\d", "", line))
            if "as it is" in line:
                released.touch()  # it would never end if this were told at its end
    assert process.returncode == 0
    expected = [
        *("one: running\n", "one | ValueError: boom\n", "one: running (try 2)\n"),
        *("one | before\n", "one | WARNING [bold]as it is[/bold]\n", "one | after\n"),
    ]
    places = [shown.index(line) for line in expected]
    assert places == sorted(places)
    assert [shown.count(line) for line in expected] == [1] * len(expected)
    assert shown[-3].startswith("one: success after")


def test_a_paused_dag_runs_by_its_id_and_again_for_the_same_date(env: dict[str, str]) -> None:
    dags = Path(env["AIRFLOW_HOME"]) / "dags"
    dags.mkdir(parents=True)
    (dags / "neighbour.py").write_text("NAME = 'x'\n")
    (dags / "flow.py").write_text(FILE.format(name="by_id"))
    for _ in range(2):
        done = slipstream(env, "dags", "test", "by_id", "2026-02-03")
        assert done.returncode == 0, done.stderr
    listed = slipstream(env, "dags", "list", "--columns", "dag_id,is_paused", "-o", "plain")
    assert listed.stdout.split()[-2:] == ["by_id", "True"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import nosuchmodule\n", "No module named 'nosuchmodule'"),
        ("x = 1\n", "defines no DAG"),
        (
            FILE.format(name="a") + FILE.format(name="b"),
            "defines a, b: say which, with `DAG_ID --dagfile-path",
        ),
    ],
)
def test_a_file_that_cannot_be_run_says_why(
    env: dict[str, str], file: Path, text: str, message: str
) -> None:
    file.write_text(text)
    done = slipstream(env, "dags", "test", str(file))
    assert done.returncode == 1
    assert message in done.stderr
    assert "slipstream/cli" not in done.stderr


def test_a_dag_id_of_another_file_is_left_to_it(env: dict[str, str], file: Path) -> None:
    dags = Path(env["AIRFLOW_HOME"]) / "dags"
    dags.mkdir(parents=True)
    (dags / "neighbour.py").write_text("NAME = 'x'\n")
    (dags / "flow.py").write_text(file.read_text())
    slipstream(env, "db", "migrate")
    slipstream(env, "dags", "reserialize")
    done = slipstream(env, "dags", "test", str(file))
    assert done.returncode == 1
    assert f"already defined by {dags / 'flow.py'}" in done.stderr


def test_no_such_file_or_dag(env: dict[str, str], tmp_path: Path) -> None:
    done = slipstream(env, "dags", "test", str(tmp_path / "none.py"))
    assert (done.returncode, "There is no file" in done.stderr) == (1, True)
    done = slipstream(env, "dags", "test", "nobody")
    assert (done.returncode, "DAG 'nobody' is not known" in done.stderr) == (1, True)


def test_tasks_whose_id_matches_are_taken_as_done(env: dict[str, str], file: Path) -> None:
    done = slipstream(env, "dags", "test", str(file), "--mark-success-pattern", "^on")
    assert done.returncode == 1  # two finds no XCom of one
    assert "one: running" not in done.stdout
    assert "one: success" in done.stdout
    assert "two: failed" in done.stdout


SLEEPER = """
from datetime import datetime
from airflow.sdk import DAG
from airflow.providers.standard.operators.bash import BashOperator

with DAG("sleeper", schedule=None, start_date=datetime(2026, 1, 1)):
    BashOperator(task_id="sleep", bash_command="echo $$; exec sleep 300")
"""


@pytest.mark.parametrize(
    "send",
    [
        lambda pid: os.killpg(pid, signal.SIGINT),  # as a terminal does
        lambda pid: os.kill(pid, signal.SIGTERM),  # as CI does when its time is over
    ],
    ids=["ctrl_c", "sigterm"],
)
def test_ended_from_outside_it_ends_the_tasks_and_fails_the_run(
    env: dict[str, str], file: Path, send: Callable[[int], None]
) -> None:
    file.write_text(SLEEPER)
    process = subprocess.Popen(
        [sys.executable, "-m", "slipstream.cli.main", "dags", "test", str(file)],
        env={**env, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    with process, process.stdout:
        for line in process.stdout:
            if "sleep: running" in line:
                break
        send(process.pid)
        assert process.wait(30) == 130
    listed = slipstream(env, "dags", "list-runs", "sleeper", "--state", "failed", "-o", "plain")
    assert "sleeper" in listed.stdout
    assert not [pid for pid in os.listdir("/proc") if pid.isdigit() and _has_home(pid, env)]


def _has_home(pid: str, env: dict[str, str]) -> bool:
    """Tell whether the process works on this test's home."""
    try:
        environ = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return False
    return f"AIRFLOW_HOME={env['AIRFLOW_HOME']}".encode() in environ


def test_a_run_alone_needs_no_executor_but_one_that_nobody_has_is_refused(
    env: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "chosen.py"
    path.write_text(
        "from airflow.sdk import DAG, task\n"
        "with DAG('chosen', schedule=None, default_args={'executor': 'small'}):\n"
        "    @task\n"
        "    def one():\n"
        "        return 1\n"
        "    one()\n"
    )
    refused = slipstream(env, "dags", "test", str(path))
    assert refused.returncode == 1
    assert "Task 'one' of DAG 'chosen' has executor='small'" in refused.stderr
    known = env | {"AIRFLOW__CORE__EXECUTOR": "LocalExecutor,small:LocalExecutor"}
    done = slipstream(known, "dags", "test", str(path))
    assert done.returncode == 0, done.stderr


def test_the_interval_of_the_run_is_that_of_the_files_own_timetable(
    env: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "own.py"
    path.write_text(
        "from datetime import timedelta\n"
        "from airflow.sdk import DAG, task\n"
        "from airflow.timetables.base import DataInterval, Timetable\n"
        "class Mine(Timetable):\n"
        "    def infer_manual_data_interval(self, *, run_after):\n"
        "        return DataInterval(run_after - timedelta(hours=7), run_after)\n"
        "    def next_dagrun_info(self, *, last_automated_data_interval, restriction):\n"
        "        return None\n"
        "with DAG('own', schedule=Mine()):\n"
        "    @task\n"
        "    def one(**context):\n"
        "        assert context['data_interval_start'].isoformat() == '2026-01-31T17:00:00+00:00'\n"
        "    one()\n"
    )
    whole = slipstream(env, "dags", "test", str(path), "2026-02-01")
    assert whole.returncode == 0, whole.stdout + whole.stderr
    alone = slipstream(
        env, "tasks", "test", "own", "one", "2026-02-01", "--dagfile-path", str(path)
    )
    assert alone.returncode == 0, alone.stdout + alone.stderr


def test_a_run_in_which_no_task_ran_says_why(env: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "empty.py"
    file.write_text("from airflow.sdk import DAG\ndag = DAG('empty', schedule=None)\n")
    assert "No task ran: the DAG has none." in slipstream(env, "dags", "test", str(file)).stdout


def test_a_broken_file_is_told_when_its_dag_is_asked_for_by_id(
    env: dict[str, str], tmp_path: Path
) -> None:
    dags = tmp_path / "home" / "dags"
    dags.mkdir(parents=True)
    (dags / "flow.py").write_text(FILE.format(name="flow").replace("neighbour", "nowhere"))
    done = slipstream(env, "dags", "test", "flow")
    assert done.returncode == 1
    assert "ModuleNotFoundError: No module named 'nowhere'" in done.stderr
    assert "flow.py cannot be imported: see above" in done.stderr


def test_chained_exceptions_are_shown_with_what_came_first_first(
    env: dict[str, str], file: Path
) -> None:
    raising = """try:
            1 / 0
        except ZeroDivisionError as error:
            raise ValueError("boom") from error
        #"""
    file.write_text(FILE.format(name="flow").replace("return n +", raising))
    done = slipstream(env, "dags", "test", str(file))
    shown = [line.removeprefix("two | ").strip() for line in done.stdout.splitlines()]
    first = shown.index("ZeroDivisionError: division by zero")
    between = shown.index("The above exception was the direct cause of the following exception:")
    assert first < between < shown.index("ValueError: boom")
    assert "1 / 0" in shown


def test_a_run_alone_needs_no_pools(env: dict[str, str], file: Path) -> None:
    file.write_text(file.read_text().replace("@task\n", '@task(pool="nowhere", pool_slots=9)\n'))
    done = slipstream(env, "dags", "test", str(file), "2026-01-05")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The run ended as success" in done.stdout
