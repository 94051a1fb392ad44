"""What every executor does, whatever carries its attempts."""

from __future__ import annotations

import os
import select
import signal
import time

import pytest
from tests.engine.worker.rig import Rig
from tests.executors.conftest import HOSTS_ARE_OURS, WORKERS_ARE_THEIRS

from slipstream.executors.base import (
    AttemptFinished,
    AttemptHandedBack,
    AttemptLost,
    AttemptStarted,
    CallbackDone,
)
from slipstream.state import TaskInstanceState as S

QUICK = "@task\ndef t():\n    return 1\nt()"
SLOW = "@task\ndef t():\n    prove('begun')\n    time.sleep(60)\nt()"


def test_its_capabilities_are_frozen_and_complete(rig: Rig) -> None:
    capabilities = rig.executor.capabilities
    assert capabilities.is_remote in (True, False)
    assert capabilities.slots is None or capabilities.slots > 0
    assert rig.executor.name


def test_a_start_is_told_before_its_finish_and_each_once(rig: Rig) -> None:
    rig.dag(QUICK)
    attempt_id = rig.submit("t")
    assert rig.finished(attempt_id).state is S.SUCCESS
    kinds = [type(e) for e in rig.events if e.attempt_id == attempt_id]
    assert kinds == [AttemptStarted, AttemptFinished]


def test_its_descriptor_is_readable_when_it_has_events_and_stays_the_same(rig: Rig) -> None:
    rig.dag(SLOW)
    before = rig.executor.fileno()
    slots = rig.n_slots
    for attempt_id in [rig.submit("t", map_index=n) for n in range(slots)]:
        rig.started(attempt_id)
    waiting = rig.submit("t", map_index=slots)
    rig.executor.cancel({waiting: "cleared"})
    ends_at = time.monotonic() + 20
    while not rig.of(AttemptHandedBack, waiting):
        readable, _, _ = select.select([before], [], [], 5)
        assert readable
        assert time.monotonic() < ends_at
        rig.events += rig.executor.events()
    assert rig.executor.fileno() == before


def test_events_never_blocks(rig: Rig) -> None:
    rig.dag(SLOW)
    rig.submit("t")
    rig.proven("begun")
    began = time.monotonic()
    for _ in range(100):
        rig.executor.events()
    assert time.monotonic() - began < 2


def test_every_one_of_many_attempts_ends(rig: Rig) -> None:
    rig.dag(QUICK)
    ids = [rig.submit("t", map_index=n) for n in range(30)]
    for attempt_id in ids:
        assert rig.finished(attempt_id).state is S.SUCCESS
    assert len([e for e in rig.events if isinstance(e, AttemptFinished)]) == 30


def test_no_more_run_at_a_time_than_it_has_slots(rig: Rig) -> None:
    rig.dag(
        """
        import fcntl
        @task
        def t():
            prove("+")
            time.sleep(0.3)
            prove("-")
        t()
        """
    )
    for attempt_id in [rig.submit("t", map_index=n) for n in range(12)]:
        rig.finished(attempt_id)
    at_a_time = most = 0
    for mark in rig.proof():
        at_a_time += 1 if mark == "+" else -1
        most = max(most, at_a_time)
    assert most == rig.n_slots


def test_what_is_submitted_twice_runs_once(rig: Rig) -> None:
    rig.dag("@task\ndef t():\n    prove('ran')\nt()")
    workload = rig.workload("t")
    rig.executor.submit([workload])
    rig.executor.submit([workload])
    rig.finished(workload.attempt_id)
    assert rig.outcome("t").state is S.SUCCESS
    assert rig.proof() == ["ran", "ran"]
    assert len(rig.of(AttemptFinished, workload.attempt_id)) == 1


def test_cancelling_ends_what_runs(rig: Rig) -> None:
    rig.dag(SLOW)
    attempt_id = rig.submit("t")
    rig.proven("begun")
    why = "the test has changed its mind"
    rig.executor.cancel({attempt_id: why, "unknown": why})
    outcome = rig.finished(attempt_id)
    assert outcome.state is S.FAILED
    assert why in (outcome.error or "")
    rig.until(lambda: f"is being ended: {why}" in rig.log_text(attempt_id), "its log to say why")


def test_cancelling_hands_back_what_waits(rig: Rig) -> None:
    rig.dag(SLOW)
    slots = rig.n_slots
    running = [rig.submit("t", map_index=n) for n in range(slots)]
    waiting = rig.submit("t", map_index=slots)
    for attempt_id in running:
        rig.started(attempt_id)
    rig.executor.cancel({waiting: "cleared"})
    rig.until(lambda: rig.of(AttemptHandedBack, waiting), "the one in the queue to come back")
    assert rig.row(waiting).state == "queued", "it never began"


def test_it_adopts_only_what_it_has(rig: Rig) -> None:
    rig.dag(SLOW)
    slots = rig.n_slots
    for attempt_id in [rig.submit("t", map_index=n) for n in range(slots)]:
        rig.started(attempt_id)
    waiting = rig.submit("t", map_index=slots)
    assert rig.executor.adopt([waiting, "unknown"]) == {waiting}


def test_it_tells_of_lost_attempts_and_works_on(rig: Rig) -> None:
    rig.dag(SLOW)
    attempt_id = rig.submit("t")
    rig.proven("begun")
    os.kill(rig.host_pid, signal.SIGKILL)
    if rig.hosts_are_ours:  # else its lease has to lapse
        rig.until(lambda: rig.of(AttemptLost, attempt_id), "its loss")
    rig.dag(QUICK)
    assert rig.outcome("t").state is S.SUCCESS


def test_callbacks_are_run_and_told(rig: Rig) -> None:
    rig.raw(
        """
        import os
        from datetime import datetime
        from airflow.sdk import DAG, task
        def prove(context):
            with open(os.path.join(os.environ["AIRFLOW_HOME"], "proof"), "a") as file:
                ti = context["ti"]
                print(ti.task_id, context["run_id"], context.get("reason"), context.get("exception"), file=file)
        with DAG("d", schedule=None, on_failure_callback=prove, on_success_callback=prove):
            @task(on_failure_callback=prove, on_retry_callback=prove)
            def t(): pass
            t()
        """
    )
    common = {"log_path": "callback.log"}
    for kind, task_id, which, reason in (
        ("dag_callback", "", "failure", "timed_out"),
        ("dag_callback", "", "success", "all_done"),
        ("task_callback", "t", "failure", "killed"),
        ("task_callback", "t", "retry", "killed"),
    ):
        callback_id = rig.submit(
            task_id, kind=kind, callback=which, callback_reason=reason, **common
        )
        [done] = rig.until(lambda id_=callback_id: rig.of(CallbackDone, id_), f"{kind} {which}")
        assert done.ok, done
    run_id = rig.run_id
    assert rig.proof() == [
        f"t {run_id} timed_out None",
        f"t {run_id} all_done None",
        f"t {run_id} None killed",
        f"t {run_id} None killed",
    ]


def test_a_callback_whose_process_dies_is_told_as_failed(rig: Rig) -> None:
    rig.raw(
        """
        import os
        from airflow.sdk import DAG, task
        with DAG("d", on_failure_callback=lambda context: os._exit(5)):
            @task
            def t(): pass
            t()
        """
    )
    callback_id = rig.submit("", kind="dag_callback", callback="failure", log_path="c.log")
    [done] = rig.until(lambda: rig.of(CallbackDone, callback_id), "its end")
    assert not done.ok
    assert "exit code 5" in (done.error or "")


@pytest.mark.alone
@pytest.mark.parametrize("rig", HOSTS_ARE_OURS, indirect=True)
def test_stopping_hands_back_what_waits_and_ends_the_rest_in_time(rig: Rig) -> None:
    rig.dag(SLOW)
    slots = rig.n_slots
    running = [rig.submit("t", map_index=n) for n in range(slots)]
    waiting = rig.submit("t", map_index=slots)
    for attempt_id in running:
        rig.started(attempt_id)
    began = time.monotonic()
    rig.executor.stop(4.0)
    assert time.monotonic() - began < 5
    rig.turn()
    assert rig.of(AttemptHandedBack, waiting)
    for attempt_id in running:
        [finished] = rig.of(AttemptFinished, attempt_id)
        assert finished.outcome.state is S.FAILED
        assert rig.row(attempt_id).state == "done"
    rig.executor.stop(1.0)


@pytest.mark.alone
@pytest.mark.parametrize("rig", WORKERS_ARE_THEIRS, indirect=True)
def test_stopping_is_quick_and_leaves_workers_of_others_at_work(rig: Rig) -> None:
    rig.dag("@task\ndef t():\n    prove('begun')\n    time.sleep(0.5)\n    return 1\nt()")
    attempt_id = rig.submit("t")
    rig.proven("begun")
    began = time.monotonic()
    rig.executor.stop(4.0)
    assert time.monotonic() - began < 4
    rig.until(lambda: rig.row(attempt_id).state == "done", "its end in the store")
