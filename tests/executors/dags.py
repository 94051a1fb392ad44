"""DAG files that several tests of executors use, and what their tasks prove."""

from __future__ import annotations

from tests.engine.worker.rig import Rig

from slipstream.state import TaskInstanceState as S

PATIENCE_S = 60.0
QUICK = """
@task
def t():
    from airflow.sdk import get_current_context
    prove(str(get_current_context()["ti"].map_index))
t()
"""
SLOW = """
@task
def t():
    prove("begun")
    end = time.monotonic() + 60
    while not os.path.exists(os.path.join(HOME, "go")) and time.monotonic() < end:
        time.sleep(0.02)
    prove("ended")
    return 1
t()
"""


def go(rig: Rig) -> None:
    """Let the tasks of SLOW end."""
    (rig.home / "go").touch()


def all_ran_once(rig: Rig, ids: list[str]) -> None:
    """The store has one success of each attempt of QUICK, and each was executed once."""
    for attempt_id in ids:
        assert rig.finished(attempt_id, PATIENCE_S).state is S.SUCCESS
    marks = rig.proof()
    assert len(marks) == len(ids), marks
    assert len(set(marks)) == len(ids), marks
