"""A task that defers itself: what it leaves behind, and how its next attempt goes on.

Nothing runs triggers yet; the tests say what one would.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.engine.worker.rig import HEADER, Rig

from slipstream.attempt import RESUME_TO_FAIL
from slipstream.state import TaskInstanceState as S

DAG = (
    HEADER
    + """
from airflow.sdk import BaseOperator
from airflow.triggers.base import BaseTrigger

class Bell(BaseTrigger):
    def __init__(self, at):
        super().__init__()
        self.at = at

    def serialize(self):
        return "bells.Bell", {"at": self.at}

    async def run(self):
        yield

class Sleeper(BaseOperator):
    def execute(self, context):
        at = datetime(2024, 1, 2)
        self.defer(
            trigger=Bell(at), method_name="wake", kwargs={"since": at}, timeout=timedelta(minutes=2)
        )

    def wake(self, context, event, since):
        prove(f"{context['ti'].task_id} {event} {since.year} {context['ti'].try_number}")
        return "awake"
"""
)


@pytest.fixture
def deferred(rig: Rig) -> dict[str, Any]:
    """What a deferred attempt said."""
    rig.dag("Sleeper(task_id='t')", header=DAG)
    outcome = rig.finished(rig.submit("t"))
    assert outcome.state is S.DEFERRED, outcome.error
    assert outcome.defer is not None
    return outcome.defer


def test_it_says_what_it_waits_for_and_goes_on_with_the_event(
    rig: Rig, deferred: dict[str, Any]
) -> None:
    assert (deferred["trigger"], deferred["next_method"]) == ("bells.Bell", "wake")
    assert deferred["timeout_s"] == 120
    next_kwargs = {**deferred["next_kwargs"], "event": {"rang": 1}}
    attempt_id = rig.submit("t", next_method="wake", next_kwargs=next_kwargs)
    assert rig.finished(attempt_id).state is S.SUCCESS
    assert rig.proof() == ["t {'rang': 1} 2024 1"]


def test_one_that_waited_too_long_fails_by_its_own_retries(
    rig: Rig, deferred: dict[str, Any]
) -> None:
    failing = {"next_method": RESUME_TO_FAIL, "next_kwargs": {"is_timeout": True}}
    outcome = rig.finished(rig.submit("t", **failing))
    assert (outcome.state, outcome.retryable) == (S.FAILED, True)
    assert "TaskDeferralTimeout" in (outcome.error or "")
    assert rig.proof() == []
