"""A deferred task instance, from the outcome of its attempt to the next one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.unit.scheduler.harness import START, Rig, dag_spec

from slipstream import command
from slipstream.attempt import RESUME_TO_FAIL, Workload
from slipstream.state import TaskInstanceState as S
from slipstream.store import inbox
from slipstream.store.row import RunRow

DEFER: dict[str, Any] = {
    "trigger": "bells.Bell",
    "kwargs": {},
    "next_method": "wake",
    "next_kwargs": {"a": 1},
    "timeout_s": 60.0,
}


class Sleeper:
    """A run whose task is deferred, and what may happen to it."""

    def __init__(self, rig: Rig, **defer: Any) -> None:
        self.rig = rig
        rig.add_dag(dag_spec("d", {"t": []}, task={"t": {"retries": 1, "retry_delay_s": 5.0}}))
        rig.start()
        self.row: RunRow = rig.trigger("d")
        self.attempt_id = self.defer(**defer)

    def defer(self, **defer: Any) -> str:
        rig = self.rig
        rig.turn()
        attempt_id = rig.executor.of("t")
        rig.executor.begin(attempt_id)
        rig.executor.end(attempt_id, S.DEFERRED, defer=DEFER | defer)
        rig.turn()
        assert self.state == "deferred"
        return attempt_id

    @property
    def state(self) -> str | None:
        return self.rig.states(self.row)["t"]

    def fire(self, attempt_id: str | None = None, **values: Any) -> None:
        payload = {"keys": [["t", -1]], "attempt_id": attempt_id or self.attempt_id, **values}
        self.rig.store.write(
            lambda conn: inbox.post(
                conn,
                target="scheduler",
                kind="trigger_fired",
                payload=payload,
                dag_id="d",
                dag_run_pk=self.row.id,
                now=self.rig.clock.now(),
            )
        )
        self.rig.later(1)

    def next(self) -> Workload:
        return self.rig.executor.workloads[self.rig.executor.of("t")]


def test_it_goes_on_in_the_same_try_with_what_its_trigger_said(rig: Rig) -> None:
    sleeper = Sleeper(rig)
    sleeper.fire(next_method="wake", next_kwargs={"a": 1, "event": "ding"})
    found = sleeper.next()
    assert (found.next_method, found.next_kwargs) == ("wake", {"a": 1, "event": "ding"})
    assert (found.try_number, found.attempt_id == sleeper.attempt_id) == (1, False)
    rig.work()
    assert rig.run_state(sleeper.row) == "success"
    rig.later(60)
    assert rig.run_state(sleeper.row) == "success", "its timeout means nothing any more"


def test_what_fires_twice_or_for_an_earlier_deferral_is_let_be(rig: Rig) -> None:
    sleeper = Sleeper(rig)
    sleeper.fire(next_method="wake")
    second = sleeper.defer()
    sleeper.fire(next_method="wake")
    assert sleeper.state == "deferred"
    sleeper.fire(second, next_method="wake")
    assert sleeper.state == "queued"


@pytest.mark.parametrize(("state", "then"), [("success", "success"), ("failed", "up_for_retry")])
def test_a_trigger_may_end_it(rig: Rig, state: str, then: str) -> None:
    sleeper = Sleeper(rig)
    sleeper.fire(state=state)
    assert sleeper.state == then


@pytest.mark.parametrize("crashes", [False, True])
def test_when_its_time_is_over_it_resumes_to_fail_and_is_retried(rig: Rig, crashes: bool) -> None:
    sleeper = Sleeper(rig)
    if crashes:
        rig.crash()
        rig.start()
        rig.turn()
    while rig.clock.now() < START + timedelta(seconds=60):
        assert sleeper.state == "deferred"
        rig.later(5)
    found = sleeper.next()
    assert (found.next_method, found.next_kwargs) == (RESUME_TO_FAIL, {"is_timeout": True})
    rig.work(lambda _: S.FAILED)
    assert sleeper.state == "up_for_retry"
    rig.later(6)
    assert (sleeper.next().next_method, sleeper.next().try_number) == (None, 2)


def test_without_a_timeout_it_waits_as_long_as_it_takes(rig: Rig) -> None:
    sleeper = Sleeper(rig, timeout_s=None)
    rig.later(86400)
    assert sleeper.state == "deferred"
    sleeper.fire(next_method="wake")
    assert sleeper.state == "queued"


def test_cleared_it_begins_anew_and_its_trigger_is_forgotten(rig: Rig) -> None:
    sleeper = Sleeper(rig)
    command.clear(
        rig.store,
        rig.clock,
        wait_s=0,
        dag_id="d",
        run_id=sleeper.row.run_id,
        task_ids=["t"],
        by="me",
    )
    rig.turn()
    assert (sleeper.state, sleeper.next().next_method) == ("queued", None)
    sleeper.fire(next_method="wake")
    rig.work()
    assert rig.run_state(sleeper.row) == "success"


def test_marked_it_is_over(rig: Rig) -> None:
    sleeper = Sleeper(rig)
    command.mark_task(
        rig.store,
        rig.clock,
        wait_s=0,
        dag_id="d",
        run_id=sleeper.row.run_id,
        task_id="t",
        state=S.SUCCESS,
        by="me",
    )
    rig.later(120)
    assert (sleeper.state, rig.run_state(sleeper.row)) == ("success", "success")
