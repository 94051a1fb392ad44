"""``dag.test()`` of a script: the whole run in the calling process, made for debugging."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HEADER = """
import os
from datetime import datetime
from airflow.sdk import DAG, Param, task

with DAG(
    "flow", schedule=None, start_date=datetime(2026, 1, 1), params={"n": Param(1, type="integer")}
) as dag:
"""


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    kept = {name: text for name, text in os.environ.items() if not name.startswith("AIRFLOW")}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)  # compiling everything anew takes seconds
    return {**kept, "AIRFLOW_HOME": str(tmp_path / "home"), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}


def run(
    env: dict[str, str], tmp_path: Path, tasks: str, script: str, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    path = tmp_path / "flow.py"
    body = "".join(f"    {line}\n" for line in tasks.strip().splitlines())
    main = "".join(f"    {line}\n" for line in script.strip().splitlines())
    path.write_text(f"{HEADER}{body}\nif __name__ == '__main__':\n{main}")
    return subprocess.run(
        [sys.executable, str(path)],
        env=env,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_tasks_run_in_the_calling_process_with_their_output_on_the_console(
    env: dict[str, str], tmp_path: Path
) -> None:
    tasks = """
@task
def one(params=None):
    import logging
    logging.getLogger("mine").info("logged %s", 7)
    print("pid", os.getpid())
    return params["n"]
@task
def two(n):
    return n + 1
two(one())
"""
    script = """
print("pid", os.getpid())
found = dag.test(run_conf={"n": 4})
print(found.state, found.conf, {ti.task_id: ti.state.value for ti in found.get_task_instances()})
"""
    done = run(env, tmp_path, tasks, script)
    assert done.returncode == 0, done.stderr
    pids = [line for line in done.stdout.splitlines() if line.startswith("pid")]
    assert len(pids) == 2
    assert len(set(pids)) == 1
    assert "success {'n': 4} {'one': 'success', 'two': 'success'}" in done.stdout
    assert "logged 7" in done.stderr


def test_a_breakpoint_stops_with_the_terminal_as_its_input(
    env: dict[str, str], tmp_path: Path
) -> None:
    tasks = """
@task
def one():
    answer = 41
    breakpoint()
    return answer
one()
"""
    script = "dag.test()"
    done = run(env, tmp_path, tasks, script, stdin="p 'local', answer\nanswer = 42\nc\n")
    assert done.returncode == 0, done.stderr
    assert "('local', 41)" in done.stdout
    assert "The function returned 42" in done.stderr


def test_failures_show_their_traceback_and_callbacks_run_here_too(
    env: dict[str, str], tmp_path: Path
) -> None:
    tasks = """
pid = os.getpid()
def told(context):
    print("task callback", os.getpid() == pid, type(context["exception"]).__name__)
def all_told(context):
    print("dag callback", os.getpid() == pid, context["dag_run"].state, context["reason"])
dag.on_failure_callback = all_told
@task(on_failure_callback=told)
def one():
    raise ValueError("boom")
one()
"""
    done = run(env, tmp_path, tasks, "print(dag.test().state)")
    assert done.returncode == 0, done.stderr
    assert "ValueError: boom" in done.stderr
    assert "task callback True ValueError" in done.stdout
    assert "dag callback True failed task_failure" in done.stdout
    assert done.stdout.rstrip().endswith("failed")


def test_a_conf_that_the_params_refuse_raises_before_anything_runs(
    env: dict[str, str], tmp_path: Path
) -> None:
    script = """
from airflow.exceptions import ParamValidationError
try:
    dag.test(run_conf={"n": "many"})
except ParamValidationError as error:
    print("refused:", str(error).splitlines()[0])
"""
    done = run(env, tmp_path, "@task\ndef one(): print('ran')\none()", script)
    assert "refused: Param 'n': 'many' is not of type 'integer'" in done.stdout
    assert "ran" not in done.stdout.splitlines()
