"""Random DAGs and random histories against the oracle, the invariants and a restart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st
from tests.unit.machine.build import Driver, Rows, dag, task
from tests.unit.machine.oracle import DONE, GO, WAIT, Oracle

from slipstream.attempt import Outcome
from slipstream.machine.decision import Decision
from slipstream.machine.event import (
    Cleared,
    Continued,
    Deleted,
    Event,
    Finished,
    HandedBack,
    HostLost,
    Marked,
    PastChanged,
    RunMarked,
    RunStarted,
    RunTimedOut,
    Started,
    TIKey,
    TimerDue,
    TriggerFired,
)
from slipstream.machine.plan import compile_plan
from slipstream.machine.run import RunMachine
from slipstream.spec import DagSpec
from slipstream.state import DagRunState, TriggerRule
from slipstream.state import TaskInstanceState as S

RULES = [r.value for r in TriggerRule]
WAITING = {None, S.UP_FOR_RETRY, S.UP_FOR_RESCHEDULE}


@st.composite
def dags(draw: st.DrawFn, with_setups: bool = True, max_tasks: int = 7) -> DagSpec:
    n = draw(st.integers(1, max_tasks))
    names = [f"t{i}" for i in range(n)]
    tasks = []
    for i, name in enumerate(names):
        later = names[i + 1 :]
        down = draw(st.lists(st.sampled_from(later), unique=True)) if later else []
        fields: dict[str, Any] = {}
        if draw(st.booleans()):
            fields["trigger_rule"] = draw(st.sampled_from(RULES))
        role = draw(st.sampled_from(["", "", "", "setup", "teardown"])) if with_setups else ""
        if role == "setup":
            fields["is_setup"] = True
        elif role == "teardown":
            fields["is_teardown"] = True
            if draw(st.booleans()):
                fields["on_failure_fail_dagrun"] = True
        if draw(st.booleans()):
            fields["retries"] = draw(st.integers(0, 2))
            fields["retry_delay_s"] = draw(st.sampled_from([0.0, 60.0]))
        if draw(st.integers(0, 5)) == 0:
            fields["no_op"] = True
        if draw(st.integers(0, 7)) == 0:
            fields["depends_on_past"] = True
        fields["priority_weight"] = draw(st.integers(-2, 5))
        fields["weight_rule"] = draw(st.sampled_from(["downstream", "upstream", "absolute"]))
        tasks.append(task(name, *down, **fields))
    more: dict[str, Any] = {"fail_fast": True} if draw(st.integers(0, 9)) == 0 else {}
    return dag(*tasks, **more)


@dataclass
class History:
    """A driver that turns a stream of small numbers into plausible events."""

    driver: Driver
    oracle: Oracle

    def step(self, op: int, pick: int, detail: int) -> None:
        m = self.driver.machine
        if m.state is DagRunState.QUEUED:
            self._apply(RunStarted())
            return
        if m.state is not DagRunState.RUNNING and op % 4:
            return
        keys = list(m.tis)
        some = keys[pick % len(keys)]
        kind = op % 16
        if kind == 0 and detail % 4 == 3 and m.state is DagRunState.RUNNING:
            self._apply(Deleted((some,)))
        elif kind == 0:
            self._apply(Cleared(tuple(keys[pick % len(keys) :: 1 + detail % 3])))
        elif kind == 1:
            to = [S.SUCCESS, S.FAILED, S.SKIPPED][detail % 3]
            self._apply(Marked((some,), to))
        elif kind == 2 and detail % 4 == 0:
            self._apply(
                RunMarked([DagRunState.SUCCESS, DagRunState.FAILED, DagRunState.QUEUED][pick % 3])
            )
        elif kind == 2 and detail % 8 == 1 and m.state is DagRunState.RUNNING:
            self._apply(RunTimedOut())
        elif kind == 3:
            past = [t.task_id for t in m.plan.tasks if t.depends_on_past]
            if past:
                self._apply(PastChanged(past[pick % len(past)], detail % 4 != 0))
        else:
            self._work(pick, detail)

    def _work(self, pick: int, detail: int) -> None:
        m = self.driver.machine
        movable = [ti for ti in m.tis.values() if ti.state not in DONE and ti.state is not None]
        if not movable:
            return
        ti = movable[pick % len(movable)]
        k, attempt = ti.key, ti.attempt_id or "none"
        now = self.driver.now
        if ti.state is S.SCHEDULED:
            self.driver.n += 1
            self._admit(k)
        elif ti.state is S.QUEUED:
            if detail % 8 == 0:
                self._apply(HandedBack(k, attempt))
            elif detail % 8 == 1:
                self._apply(HostLost(k, attempt, "gone"))
            elif detail % 8 == 2:
                self._apply(Started(k, "stale", now, "h", 1))
            else:
                self._apply(Started(k, attempt, now, "h", 1))
        elif ti.state in (S.RUNNING, S.RESTARTING):
            self._end(ti.key, attempt, detail)
        elif ti.state is S.DEFERRED:
            to = [None, None, S.SUCCESS, S.FAILED][detail % 4]
            self._apply(TriggerFired(k, ti.attempt_id or "", "resume", {}, to))
        else:
            assert ti.retry_at is not None
            self.driver.now = max(self.driver.now, ti.retry_at)
            self.fire_timers()

    def _admit(self, k: TIKey) -> None:
        before = self.driver.machine.tis[k].try_number
        self.driver.admit(k)
        assert self.driver.machine.tis[k].try_number - before in (0, 1)
        self._check(self.driver.decisions[-1])

    def _end(self, k: TIKey, attempt: str, detail: int) -> None:
        now = self.driver.now
        kind = detail % 10
        below = sorted(self.oracle.down[k.task_id])
        outcome = Outcome(attempt_id=attempt, state=S.SUCCESS, ended_at=now)
        if kind == 0:
            self._apply(HostLost(k, attempt, "gone"))
            return
        if kind in (1, 2):
            outcome.state = S.FAILED
        elif kind == 3:
            outcome.state, outcome.retryable = S.FAILED, False
        elif kind == 4:
            outcome.state = S.SKIPPED
        elif kind == 5:
            outcome.state, outcome.reschedule_at = S.UP_FOR_RESCHEDULE, now + timedelta(seconds=9)
        elif kind == 6:
            outcome.state, outcome.defer = S.DEFERRED, {"trigger": "t"}
        elif kind == 7 and below:
            outcome.skip = below[:: 1 + detail % 2]
        self._apply(Finished(k, outcome))
        again = self.driver.machine.on(Finished(k, outcome), now)
        assert again.refused is not None, "an outcome was applied twice"
        assert again.is_empty

    def fire_timers(self) -> None:
        m = self.driver.machine
        for ti in list(m.delayed.values()):
            if ti.retry_at is not None and ti.retry_at <= self.driver.now and ti.key in m.delayed:
                self._apply(TimerDue(ti.key))

    def _apply(self, e: Event) -> None:
        d = self.driver.on(e)
        self._check(d)

    def _check(self, d: Decision) -> None:
        """Compare what was decided, and what was left alone, with the oracle."""
        m = self.driver.machine
        states = {k.task_id: ti.state for k, ti in m.tis.items()}
        skips = {k.task_id: ti.skips or [] for k, ti in m.tis.items()}
        for line in d.story:
            if line.kind == "trigger_rule" and line.key is not None:
                answer = self.oracle.decide(line.key.task_id, states, skips)
                assert line.to_state == answer, (line, states)
        for k in d.ready:
            line_kinds = {s.kind for s in d.story if s.key == k}
            if not line_kinds & {"trigger_fired", "handed_back"}:
                assert self.oracle.decide(k.task_id, states, skips) == GO, (k, states)
        if m.state is DagRunState.RUNNING:
            assert self.oracle.verdict(states) is None
            for k, ti in m.tis.items():
                if ti.state in WAITING:
                    self._check_waiting(k, states, skips)
        if d.run_state is not None and not any(
            s.kind in ("run_marked", "run_timed_out") for s in d.story
        ):
            expected = self.oracle.verdict(states)
            if m.state in (DagRunState.SUCCESS, DagRunState.FAILED):
                assert m.state == (expected or "failed"), states
                event(f"run ends {m.state}" + ("" if expected else " (deadlock)"))

    def _check_waiting(self, k: TIKey, states: dict[str, Any], skips: dict[str, Any]) -> None:
        m, ti = self.driver.machine, self.driver.machine.tis[k]
        answer = self.oracle.decide(k.task_id, states, skips)
        if answer == GO:
            past = ti.task.depends_on_past and k.task_id not in m.past_satisfied
            later = ti.retry_at is not None and ti.state is not None
            assert past or later, f"{ti!r} could go: {states}"
        else:
            assert answer == WAIT, f"{ti!r} should be {answer}: {states}"


def same(live: RunMachine, other: RunMachine) -> None:
    """Assert that two machines hold the same run."""
    assert other.state is live.state
    assert other.start_date == live.start_date
    assert other.clear_number == live.clear_number
    assert other.tis.keys() == live.tis.keys()
    for k, ti in live.tis.items():
        twin = other.tis[k]
        for name in ti.__slots__:
            assert getattr(twin, name) == getattr(ti, name), (k, name)
    assert other.counts == live.counts
    assert other.up == live.up
    assert (other.n_unfinished, other.n_active) == (live.n_unfinished, live.n_active)
    assert other.delayed.keys() == live.delayed.keys()
    assert {i: {t.key for t in ts} for i, ts in other.skipped_by.items()} == {
        i: {t.key for t in ts} for i, ts in live.skipped_by.items()
    }


OPS = st.lists(
    st.tuples(st.integers(0, 31), st.integers(0, 50), st.integers(0, 79)), min_size=5, max_size=80
)
SLOW = settings(
    max_examples=120,
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


@SLOW
@given(dags(), OPS, st.sampled_from([None, None, 1, 2]))
def test_every_decision_is_the_oracles_and_survives_a_restart(
    spec: DagSpec, ops: list[tuple[int, int, int]], pace: int | None
) -> None:
    history = History(Driver(spec, start=False, pace=pace), Oracle(spec))
    for op in ops:
        history.step(*op)
        history.fire_timers()
        restored, d = history.driver.restored()
        restored.validate_state()
        assert not d.changes, f"a restart changed something: {d.changes}"
        assert not d.run
        same(history.driver.machine, restored)
        assert sorted(d.ready) == sorted(
            k for k, ti in history.driver.machine.tis.items() if ti.state is S.SCHEDULED
        )


class Lagging(History):
    """Steps add to what is left; now and then the rest is looked at, and then all is as it must be."""

    def step(self, op: int, pick: int, detail: int) -> None:
        if op % 3 == 0:
            super().step(op // 3, pick, detail)
            return
        super().step(op, pick, detail)
        if op % 3 == 1:
            self.catch_up()

    def catch_up(self) -> None:
        while self.driver.machine.has_more:
            self.driver.on(Continued())
        super()._check(Decision())

    def _check(self, d: Decision) -> None:
        """Nothing can be said yet."""


@SLOW
@given(dags(), OPS, st.integers(1, 3))
def test_a_run_that_moves_bit_by_bit_comes_to_rest_where_the_oracle_says(
    spec: DagSpec, ops: list[tuple[int, int, int]], pace: int
) -> None:
    history = Lagging(Driver(spec, start=False, pace=pace, lags=True), Oracle(spec))
    for op in ops:
        history.step(*op)
        restored, _ = history.driver.restored()
        restored.validate_state()
    history.catch_up()
    restored, d = history.driver.restored()
    assert not d.changes
    same(history.driver.machine, restored)


@SLOW
@given(dags(), OPS)
def test_merged_decisions_write_the_same_rows_as_single_ones(
    spec: DagSpec, ops: list[tuple[int, int, int]]
) -> None:
    history = History(Driver(spec, start=False), Oracle(spec))
    for op in ops:
        history.step(*op)
    merged, batch = Rows(), Decision()
    for n, d in enumerate(history.driver.decisions):
        batch.merge(d)
        if n % 3 == 0:
            merged.save(batch)
            batch = Decision()
    merged.save(batch)
    assert merged.rows == history.driver.db.rows
    assert merged.run == history.driver.db.run


@settings(max_examples=60, deadline=None)
@given(dags(with_setups=False), st.randoms(use_true_random=False), st.data())
def test_order_of_outcomes_does_not_matter_for_rules_that_wait_for_all(
    spec: DagSpec, rnd: Any, data: st.DataObject
) -> None:
    """With failures but no skips, the rules below have one answer whatever comes first."""
    patient = ["all_success", "all_done", "none_failed", "always"]
    outcomes = {}
    for t in spec["tasks"]:
        t["trigger_rule"] = data.draw(st.sampled_from(patient))
        t.pop("depends_on_past", None)
        t.pop("retries", None)
        outcomes[t["task_id"]] = data.draw(st.sampled_from([S.SUCCESS, S.SUCCESS, S.FAILED]))
    spec.pop("fail_fast", None)

    def play() -> tuple[dict[str, Any], DagRunState]:
        driver = Driver(compile_plan(spec))
        while ready := [k for k, ti in driver.machine.tis.items() if ti.state is S.SCHEDULED]:
            k = rnd.choice(ready)
            driver.run(k, outcomes[k.task_id])
        return driver.states(), driver.run_state

    assert play() == play() == play()


@settings(max_examples=60, deadline=None)
@given(dags())
def test_weights_are_sums_over_the_transitive_relatives(spec: DagSpec) -> None:
    oracle = Oracle(spec)
    for t in compile_plan(spec).tasks:
        assert t.priority_weight == oracle.weight(t.task_id)
