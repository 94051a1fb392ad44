"""XComs that a task pushes are there at once, and only while its attempt is the current one."""

from __future__ import annotations

from dataclasses import asdict

import pytest
from tests.engine.worker.rig import Rig

from slipstream.clock import SystemClock, utcnow
from slipstream.state import TaskInstanceState as S
from slipstream.store import attempt
from slipstream.worker import request
from slipstream.worker.task_api import RequestRefused

DAG = """
@task
def pushes(ti=None):
    ti.xcom_push("job", 17)
    while not os.path.exists(HOME + "/go"):
        time.sleep(0.01)
    return "done"
@task
def pulls(ti=None):
    return ti.xcom_pull("pushes", key="job")
pushes(); pulls()
"""


def test_others_pull_it_while_the_task_runs(rig: Rig) -> None:
    rig.dag(DAG)
    pushing = rig.submit("pushes")
    rig.until(lambda: rig.xcom("pushes", "job"), "the XCom")
    rig.finished(rig.submit("pulls"))
    assert rig.xcom("pulls") == 17
    (rig.home / "go").touch()
    assert rig.finished(pushing).state is S.SUCCESS
    assert (rig.xcom("pushes", "job"), rig.xcom("pushes")) == (17, "done")


def test_an_attempt_that_is_over_writes_nothing_more(rig: Rig) -> None:
    rig.dag(DAG)
    pushing = rig.submit("pushes")
    rig.until(lambda: rig.xcom("pushes", "job"), "the XCom")
    rig.store.write(lambda conn: attempt.finish_lost(conn, [pushing], "lost", utcnow()))
    workload = rig.workload("pushes")
    own = {name: getattr(workload, name) for name in ("dag_id", "run_id", "task_id", "map_index")}
    caller = {**asdict(workload), "attempt_id": pushing}
    for method in ("set_xcom", "delete_xcom"):
        params = {**own, "key": "job", "value": 18}
        with pytest.raises(RequestRefused, match="no longer the current one"):
            request.answer(rig.store, SystemClock(), caller, method, params)
    assert rig.xcom("pushes", "job") == 17
    (rig.home / "go").touch()


def test_nothing_is_pulled_from_a_run_that_does_not_exist(rig: Rig) -> None:
    rig.dag(
        """
@task
def pulls(ti=None):
    return ti.xcom_pull("pushes", dag_id="another") is None
pulls()
"""
    )
    assert rig.outcome("pulls").state is S.SUCCESS
    assert rig.xcom("pulls") is True
