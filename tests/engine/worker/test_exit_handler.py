"""What a task has registered with ``atexit`` runs in its process, after its end, and harms nothing."""

from __future__ import annotations

import pytest
from tests.engine.worker.rig import Rig, is_alive

from slipstream.state import TaskInstanceState as S

DAG = """
import atexit
atexit.register(prove, "file")
@task(on_success_callback=lambda context: prove("callback"))
def t():
    import tempfile, weakref
    folder = tempfile.TemporaryDirectory(dir=HOME)
    sys.modules["keeps"] = folder
    prove(folder.name)
    atexit.register(lambda: prove(f"task {os.getpid() == pid}"))
    pid = os.getpid()
@task
def breaks():
    atexit.register(prove, "after the one that breaks")
    atexit.register(lambda: 1 / 0)
@task
def leaves():
    atexit.register(os._exit, 7)
@task
def hangs():
    prove(str(os.getpid()))
    atexit.register(time.sleep, 600)
@task
def fails():
    raise ValueError("on purpose")
@task
def forks():
    if os.fork() == 0:
        return
    os.wait()
t(); breaks(); leaves(); hangs(); fails(); forks()
"""


def _ended(rig: Rig, task_id: str) -> tuple[S, list[str]]:
    attempt_id = rig.submit(task_id)
    outcome = rig.finished(attempt_id)
    pid = rig.started(attempt_id).pid
    assert pid is not None
    rig.until(lambda: not is_alive(pid), "the end of the process")
    return outcome.state, rig.messages(attempt_id)


def test_handlers_of_the_file_and_of_the_task_run_after_the_callbacks(rig: Rig) -> None:
    rig.dag(DAG)
    state, _ = _ended(rig, "t")
    assert state is S.SUCCESS
    folder, *said = rig.proof()
    assert said == ["callback", "task True", "file"]
    assert not (rig.home / folder).exists()


def test_they_run_after_a_failure_too(rig: Rig) -> None:
    rig.dag(DAG)
    state, _ = _ended(rig, "fails")
    assert state is S.FAILED
    assert rig.proof() == ["file"]


def test_they_run_once_though_the_task_forks(rig: Rig) -> None:
    rig.dag(DAG)
    assert _ended(rig, "forks")[0] is S.SUCCESS
    assert rig.proof() == ["file"]


def test_one_that_raises_is_told_and_stops_no_other(rig: Rig) -> None:
    rig.dag(DAG)
    state, said = _ended(rig, "breaks")
    assert state is S.SUCCESS
    assert rig.proof() == ["after the one that breaks", "file"]
    assert any("ZeroDivisionError" in line for line in said)


def test_one_that_ends_the_process_leaves_the_outcome_as_it_was(rig: Rig) -> None:
    rig.dag(DAG)
    assert _ended(rig, "leaves")[0] is S.SUCCESS


def test_one_that_hangs_is_killed_in_time(idle_rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__TASK_SUCCESS_OVERTIME", "1")
    rig = idle_rig
    rig.dag(DAG)
    rig.start()
    attempt_id = rig.submit("hangs")
    assert rig.finished(attempt_id).state is S.SUCCESS
    pid = int(rig.proof()[0])
    rig.until(lambda: not is_alive(pid), "the end of the process")


def test_where_nothing_was_registered_there_is_nothing_to_run(rig: Rig) -> None:
    rig.dag("import atexit\n@task\ndef t(): return atexit._ncallbacks()\nt()")
    assert _ended(rig, "t")[0] is S.SUCCESS
    assert rig.xcom("t") == 0
