"""What a turn costs must not grow with what it does not touch.

Limits are generous, since the machines that run this are busy: they catch work that is
proportional to the run's size, not a slow day. ``bench`` measures the budgets themselves.
"""

from __future__ import annotations

import statistics
import time

from tests.unit.scheduler.harness import Rig, dag_spec

from slipstream.attempt import Outcome
from slipstream.executors.base import AttemptFinished
from slipstream.spec import DagSpec
from slipstream.state import TaskInstanceState
from slipstream.store import attempt


def _wide(n: int) -> DagSpec:
    mapped = {"kind": "expand", "by": {"x": list(range(n))}}
    return dag_spec("wide", {"m": []}, task={"m": {"mapped": mapped}}, max_active_tasks=16)


def _run_some(rig: Rig, n: int) -> list[float]:
    """Finish ``n`` attempts, one a turn; return the turns' times in seconds."""
    times = []
    for _ in range(n):
        attempt_id = next(iter(rig.executor.workloads))
        now = rig.clock.now()
        start = attempt.AttemptStart(attempt_id, "host", "testhost", 1, now)
        outcome = Outcome(attempt_id=attempt_id, state=TaskInstanceState.SUCCESS, ended_at=now)
        rig.store.write(attempt.start, [start])
        rig.store.write(attempt.finish, [outcome])
        del rig.executor.workloads[attempt_id]
        rig.executor.tell(AttemptFinished(attempt_id, outcome))
        before = time.perf_counter()
        report = rig.scheduler.turn(0)
        times.append(time.perf_counter() - before)
        assert report.n_admitted == 1
    return times


def test_a_turn_does_not_pay_for_the_size_of_the_run(rig: Rig) -> None:
    rig.add_dag(_wide(3000))
    rig.start()
    rig.trigger("wide")
    rig.turn()
    assert statistics.median(_run_some(rig, 60)) < 0.02


def test_a_run_that_is_larger_than_a_turn_starts_and_ends(rig: Rig) -> None:
    rig.add_dag(_wide(2500))
    rig.start()
    row = rig.trigger("wide")
    rig.turn()
    assert len(rig.executor.workloads) == 16
    _run_some(rig, 20)
    states = list(rig.states(row).values())
    assert states.count("success") == 20
    assert states.count("queued") == 16
    assert states.count("scheduled") == 2500 - 36
