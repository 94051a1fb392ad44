"""Callbacks that no task process runs: each is started once, however often its message comes."""

from __future__ import annotations

import os
import signal
from dataclasses import replace

from tests.engine.worker.rig import Rig

from slipstream.attempt import Workload
from slipstream.executors.base import CallbackDone
from slipstream.store import callback

SLOW = """
    import os
    import time
    from datetime import datetime
    from airflow.sdk import DAG, task

    HOME = os.environ["AIRFLOW_HOME"]

    def prove(word):
        with open(os.path.join(HOME, "proof"), "a") as file:
            print(word, file=file)

    def told(context):
        prove("begun")
        while not os.path.exists(os.path.join(HOME, "go")):
            time.sleep(0.02)
        prove("ended")

    with DAG("d", schedule=None, on_failure_callback=told):
        @task
        def t(): pass
        t()
"""


def _callback(rig: Rig) -> Workload:
    return rig.workload("", kind="dag_callback", callback="failure", log_path="callback.log")


def _let_go(rig: Rig, workload: Workload) -> None:
    """Wait until the executor has been told that it need not care for it any more."""
    rig.until(lambda: not rig.executor.adopt([workload.attempt_id]), "the executor to let go of it")


def test_a_callback_that_comes_to_two_hosts_and_again_when_it_is_over_runs_once(rig: Rig) -> None:
    rig.raw(SLOW)
    workload = _callback(rig)
    rig.executor.submit([workload])
    rig.proven("begun")
    other = rig.successor()
    other.start()
    try:
        other.executor.submit([replace(workload)])
        _let_go(other, workload)
        (rig.home / "go").touch()
        [done] = rig.until(lambda: rig.of(CallbackDone, workload.attempt_id), "its end")
        assert done.ok
        for each in (rig, other):
            each.until(lambda: _state(rig, workload) == "done", "its end in the store")
            each.executor.submit([replace(workload)])
            _let_go(each, workload)
    finally:
        other.executor.stop(3.0)
    assert rig.proof() == ["begun", "ended"]


def test_a_callback_whose_host_died_may_be_started_anew(rig: Rig) -> None:
    rig.raw(SLOW)
    workload = _callback(rig)
    rig.executor.submit([workload])
    rig.proven("begun")
    os.kill(rig.host_pid, signal.SIGKILL)
    _let_go(rig, workload)
    (rig.home / "go").touch()
    rig.store.write(callback.mark_pending, [workload.attempt_id])
    rig.executor.submit([replace(workload)])
    [done] = rig.until(lambda: rig.of(CallbackDone, workload.attempt_id), "its end")
    assert done.ok
    assert rig.proof() == ["begun", "begun", "ended"]


def _state(rig: Rig, workload: Workload) -> str:
    with rig.store.read() as conn:
        row = callback.get(conn, workload.attempt_id)
    assert row is not None
    return row.state
