"""An attempt's log says how each of its processes ended, and who ended it; never the contrary."""

from __future__ import annotations

import os
import signal

import pytest
from tests.engine.worker.rig import Rig

from slipstream.state import TaskInstanceState as S

WITH_CALLBACKS = """
from airflow.sdk import BaseOperator

def tell(word):
    return lambda context: prove(word)

class Op(BaseOperator):
    def execute(self, context):
        prove("begun")
        time.sleep(60)
    def on_kill(self):
        prove("on_kill")

Op(
    task_id="t",
    retries=1,
    on_retry_callback=tell("retry"),
    on_failure_callback=tell("failure"),
    on_success_callback=tell("success"),
)
"""


def _ended(rig: Rig, attempt_id: str) -> None:
    rig.until(lambda: "exit code" in (rig.messages(attempt_id) or [""])[-1], "the last line")


@pytest.mark.parametrize("max_tries", [0, 1])
def test_a_withdrawn_attempt_ends_without_callbacks_and_says_who_ended_it(
    rig: Rig, max_tries: int
) -> None:
    rig.dag(WITH_CALLBACKS)
    attempt_id = rig.submit("t", max_tries=max_tries)
    rig.proven("begun")
    why = "its task instance was marked success by ann"
    rig.executor.cancel({attempt_id: why})
    rig.finished(attempt_id)
    _ended(rig, attempt_id)
    assert rig.proof() == ["begun", "on_kill"]
    told = rig.messages(attempt_id)
    assert any(f"is being ended: {why}" in line for line in told)
    assert why in told[-1]
    assert not any("The task failed" in line for line in told)


def test_a_task_that_another_ends_by_sigterm_fails_with_its_callbacks(rig: Rig) -> None:
    rig.dag(WITH_CALLBACKS)
    attempt_id = rig.submit("t")
    rig.proven("begun")
    os.kill(rig.started(attempt_id).pid or 0, signal.SIGTERM)
    assert rig.finished(attempt_id).state is S.FAILED
    rig.proven("failure")
    _ended(rig, attempt_id)
    assert rig.messages(attempt_id)[-1].startswith("Task finished: failed, exit code 0")


def test_a_process_that_leaves_with_code_0_before_its_task_is_done_fails_and_says_so(
    rig: Rig,
) -> None:
    rig.dag("@task\ndef t():\n    os._exit(0)\nt()")
    attempt_id = rig.submit("t")
    assert rig.finished(attempt_id).state is S.FAILED
    last = rig.log(attempt_id)[-1]
    assert last["level"] == "error"
    assert "ended with exit code 0. It did so before its task was done" in last["event"]


def test_the_last_line_of_a_callback_process_is_about_the_callback(rig: Rig) -> None:
    rig.dag("@task(on_failure_callback=lambda context: prove('called'))\ndef t(): ...\nt()")
    attempt_id = rig.submit("t", kind="task_callback", callback="failure")
    rig.proven("called")
    _ended(rig, attempt_id)
    assert rig.messages(attempt_id)[-1].startswith("Callback finished: success")


def test_callbacks_that_take_too_long_are_ended_with_that_reason_and_the_tasks_state(
    idle_rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__TASK_SUCCESS_OVERTIME", "1")
    rig = idle_rig
    rig.start()
    rig.dag("@task(on_success_callback=lambda context: time.sleep(60))\ndef t(): ...\nt()")
    attempt_id = rig.submit("t")
    assert rig.finished(attempt_id).state is S.SUCCESS
    rig.until(lambda: "finished" in rig.messages(attempt_id)[-1], "the last line")
    last = rig.log(attempt_id)[-1]
    assert last["level"] == "warning"
    assert last["event"] == (
        "Task finished: success. The task process was ended: "
        "its callbacks took over 1 s ([core] task_success_overtime)."
    )


def test_the_log_of_a_task_whose_result_cannot_be_saved_says_so_last(rig: Rig) -> None:
    rig.dag(
        """
@task(multiple_outputs=True)
def tells():
    return {"k" * 600: 1}
tells()
"""
    )
    attempt_id = rig.submit("tells")
    assert rig.finished(attempt_id).state is S.FAILED
    rig.until(lambda: "after all" in (rig.messages(attempt_id) or [""])[-1], "the last line")
    *_, before, last = rig.messages(attempt_id)
    assert before.startswith("Task finished: success")
    assert last.startswith("The task failed after all: its result could not be saved: ")
