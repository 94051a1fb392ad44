"""A process that a task forks ends at SIGTERM, however early it comes, as in any other program."""

from __future__ import annotations

from tests.engine.worker.rig import Rig

from slipstream.state import TaskInstanceState as S

DAG = """
import multiprocessing, signal, threading
@task
def pools():
    for _ in range(15):
        with multiprocessing.Pool(3) as pool:
            pool.map(abs, [-1])
@task
def ended_at_once():
    for _ in range(100):
        pid = os.fork()
        if pid == 0:
            threading.Event().wait(600)
        os.kill(pid, signal.SIGTERM)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGTERM
@task
def own_handler():
    signal.signal(signal.SIGTERM, lambda number, frame: os._exit(7))
    pid = os.fork()
    if pid == 0:
        time.sleep(600)
    os.kill(pid, signal.SIGTERM)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
@task
def told_itself():
    if (pid := os.fork()) == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(600)
pools(); ended_at_once(); own_handler(); told_itself()
"""


def test_children_end_at_sigterm_unless_the_task_handles_it(rig: Rig) -> None:
    rig.dag(DAG)
    attempts = [rig.submit(task_id) for task_id in ("pools", "ended_at_once", "own_handler")]
    assert [rig.finished(a).state for a in attempts] == [S.SUCCESS] * 3


def test_the_task_itself_still_hears_sigterm_after_a_fork(rig: Rig) -> None:
    rig.dag(DAG)
    outcome = rig.finished(rig.submit("told_itself"))
    assert (outcome.state, outcome.error) == (
        S.FAILED,
        "AirflowTaskTerminated: The task received SIGTERM.",
    )
