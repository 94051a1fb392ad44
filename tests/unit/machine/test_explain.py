"""Every waiting state has its reason, in words and data."""

from __future__ import annotations

import pytest
from tests.unit.machine.build import Driver, dag, key, task

from slipstream.machine.admission import Blocked
from slipstream.machine.event import Cleared, TimerDue
from slipstream.machine.explain import AdmissionView, Explanation
from slipstream.state import TaskInstanceState as S


def why(r: Driver, name: str, view: AdmissionView | None = None) -> Explanation:
    return r.machine.explain(key(name), r.now, view)


def test_an_upstream_that_is_not_done() -> None:
    r = Driver(dag(task("a", "b"), task("b")))
    r.start("a")
    found = why(r, "b")
    assert found.code == "upstream"
    assert found.reasons == [
        "Its trigger rule all_success is not met.",
        "Upstream a is running.",
    ]
    assert found.data["upstream"] == [{"task_id": "a", "map_index": -1, "state": S.RUNNING}]
    assert found.data["upstream_counts"]["total"] == 1


def test_many_upstreams_are_named_up_to_a_limit() -> None:
    spec = dag(task("m", "z", mapped={"kind": "expand", "by": {"x": list(range(30))}}), task("z"))
    found = why(Driver(spec), "z")
    assert len(found.data["upstream"]) == 10
    assert found.reasons[-1] == "And 20 more upstream instances."


def test_a_retry_that_is_not_due() -> None:
    r = Driver(dag(task("a", retries=2, retry_delay_s=60)))
    r.run("a", S.FAILED)
    found = why(r, "a")
    assert found.code == "retry"
    assert "its next try (2 of 3)" in found.summary
    assert "in 60 s" in found.summary


def test_a_full_pool() -> None:
    r = Driver(dag(task("a")))
    found = why(r, "a", AdmissionView(blocked=Blocked("pool", "p", 3, 3)))
    assert found.code == "pool"
    assert found.summary == "It is ready, but pool 'p' is full: 3 of 3 slots are taken."
    assert found.data["allowed"] == 3


@pytest.mark.parametrize(
    ("blocked", "words"),
    [
        (Blocked("pool", "p", 2, 3), "pool 'p' has too few free slots: 2 of 3 are taken."),
        (Blocked("small_pool", "p", 9, 3), "it takes 9 slots of pool 'p', which has only 3 in all"),
    ],
)
def test_a_pool_that_is_not_full_but_too_full(blocked: Blocked, words: str) -> None:
    found = why(Driver(dag(task("a"))), "a", AdmissionView(blocked=blocked))
    assert words in found.summary


def test_a_ready_one_says_so() -> None:
    assert why(Driver(dag(task("a"))), "a").code == "ready"


def test_the_run_itself_waits() -> None:
    r = Driver(dag(task("a")), start=False)
    assert why(r, "a").code == "run_queued"
    assert why(r, "a", AdmissionView(dag_is_paused=True)).code == "paused"
    assert "16 of at most 16 runs" in why(r, "a", AdmissionView(active_runs=16)).summary


def test_the_past() -> None:
    found = why(Driver(dag(task("a", depends_on_past=True))), "a")
    assert found.code == "past"
    assert "depends on the past" in found.summary


def test_queued_running_and_restarting() -> None:
    r = Driver(dag(task("a")))
    attempt_id = r.admit("a")
    assert why(r, "a", AdmissionView(executor="LocalExecutor")).summary.startswith(
        "It is queued with LocalExecutor"
    )
    r.machine.tis[key("a")].attempt_id = attempt_id
    r = Driver(dag(task("a")))
    r.start("a")
    found = why(r, "a")
    assert (found.code, found.data["hostname"]) == ("running", "host")
    r.on(Cleared((key("a"),)))
    assert why(r, "a").code == "restarting"


def test_deferred_and_rescheduled() -> None:
    r = Driver(dag(task("a"), task("b")))
    r.run("a", S.DEFERRED, defer={"trigger": "t"})
    found = why(r, "a")
    assert found.code == "deferred"
    assert "deferred to t" in found.reasons[0]
    assert "until it is cleared or marked" in found.reasons[0]
    r.on(Cleared((key("a"),)))
    r.run("a", S.DEFERRED, defer={"trigger": "t", "timeout_s": 9})
    assert "its time is over at" in why(r, "a").reasons[0]
    r.run("b", S.UP_FOR_RESCHEDULE, reschedule_at=r.now.replace(year=2027))
    assert why(r, "b").code == "reschedule"
    r.now = r.now.replace(year=2028)
    assert why(r, "b").code == "ready"
    r.on(TimerDue(key("b")))


def test_what_ended() -> None:
    r = Driver(dag(task("br", "x", "y"), task("x", "z"), task("y"), task("z")))
    r.run("br", skip=["y"])
    r.run("x", S.FAILED)
    assert why(r, "br").code == "success"
    assert why(r, "y").data["skipped_by"] == "br"
    assert "try 1 of 1" in why(r, "x").summary
    found = why(r, "z")
    assert found.code == "upstream_failed"
    assert "Upstream x is failed." in found.reasons
