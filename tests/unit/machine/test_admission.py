"""Limits, order, fairness and cost of admission."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.machine.build import START

from slipstream.machine import admission
from slipstream.machine.admission import (
    Blocked,
    Candidate,
    GroupKey,
    Limits,
    PoolLimit,
    ReadyQueue,
    admit,
    blocked_by,
)
from slipstream.machine.event import TIKey


def candidate(
    task_id: str = "t",
    *,
    run: int = 1,
    dag_id: str = "d",
    pool: str = "p",
    slots: int = 1,
    priority: int = 1,
    order: int = 0,
    map_index: int = -1,
    executor: str | None = None,
    max_active_tasks: int = 1000,
    per_dag: int | None = None,
    per_run: int | None = None,
    run_after_s: float = 0,
) -> Candidate:
    limited = task_id if per_dag is not None or per_run is not None else None
    return Candidate(
        run,
        dag_id,
        TIKey(task_id, map_index),
        START + timedelta(seconds=run_after_s),
        priority,
        order,
        GroupKey(run, dag_id, pool, slots, executor, limited),
        max_active_tasks,
        per_dag,
        per_run,
    )


def limits(**fields: object) -> Limits:
    return replace(Limits(parallelism=1000, pools={"p": PoolLimit(1000)}), **fields)


def ids(candidates: list[Candidate]) -> list[str]:
    return [c.key.task_id for c in candidates]


def test_priority_first_then_age_of_the_run_then_place_in_the_dag() -> None:
    waiting = [
        candidate("late", run=2, run_after_s=60),
        candidate("second", order=2),
        candidate("first", order=1),
        candidate("urgent", run=2, run_after_s=60, priority=9),
    ]
    assert ids(admit(waiting, limits()).admitted) == ["urgent", "first", "second", "late"]


def test_parallelism_stops_everything() -> None:
    result = admit([candidate("a"), candidate("b")], limits(parallelism=3, executing=2))
    assert ids(result.admitted) == ["a"]
    assert result.everything == Blocked("parallelism", "", 3, 3)


@pytest.mark.parametrize(
    ("waiting", "fields", "blocked"),
    [
        ({"slots": 3}, {"pools": {"p": PoolLimit(4, used=2)}}, Blocked("pool", "p", 2, 4)),
        ({"slots": 5}, {"pools": {"p": PoolLimit(4)}}, Blocked("small_pool", "p", 5, 4)),
        ({"pool": "gone"}, {}, Blocked("missing_pool", "gone", 0, 0)),
        ({"max_active_tasks": 2}, {"per_run": {1: 2}}, Blocked("max_active_tasks", "d", 2, 2)),
        (
            {"per_dag": 1},
            {"per_dag_task": {("d", "t"): 1}},
            Blocked("max_active_tis_per_dag", "t", 1, 1),
        ),
        (
            {"per_run": 1},
            {"per_run_task": {(1, "t"): 1}},
            Blocked("max_active_tis_per_dagrun", "t", 1, 1),
        ),
        (
            {"executor": "E"},
            {"executor_free": {"E": 0}},
            Blocked("executor", "E", 0, 0),
        ),
    ],
)
def test_each_limit_holds_and_says_so(
    waiting: dict[str, object], fields: dict[str, object], blocked: Blocked
) -> None:
    c = candidate(**waiting)  # type: ignore[arg-type]
    queue = ReadyQueue()
    queue.add(c)
    result = admit(queue, limits(**fields))
    assert (result.admitted, result.blocked) == ([], {c.group: blocked})
    assert (1, c.key) in queue
    assert str(blocked)


def test_a_pool_of_minus_one_has_no_limit() -> None:
    many = [candidate(f"t{i}") for i in range(100)]
    assert len(admit(many, limits(pools={"p": PoolLimit(-1)})).admitted) == 100


def test_a_small_task_passes_a_big_one_that_does_not_fit() -> None:
    waiting = [candidate("big", slots=5, priority=9), candidate("small")]
    assert ids(admit(waiting, limits(pools={"p": PoolLimit(4)})).admitted) == ["small"]


def test_a_full_pool_does_not_hold_the_others() -> None:
    waiting = [candidate("a", pool="full", priority=9), candidate("b")]
    pools = {"full": PoolLimit(0), "p": PoolLimit(1)}
    assert ids(admit(waiting, limits(pools=pools)).admitted) == ["b"]


def test_a_huge_dag_does_not_starve_the_others() -> None:
    waiting = [candidate(f"huge{i}", dag_id="huge", order=i) for i in range(100)]
    waiting += [candidate(f"small{i}", run=2, dag_id="small", run_after_s=60) for i in range(5)]
    admitted = ids(admit(waiting, limits(parallelism=10)).admitted)
    assert sum(t.startswith("small") for t in admitted) == 5


def test_what_is_taken_back_is_not_admitted() -> None:
    queue = ReadyQueue()
    for t in ("a", "b", "c"):
        queue.add(candidate(t))
    queue.add(candidate("d", run=2))
    queue.discard(1, TIKey("a"))
    queue.discard(1, TIKey("unknown"))
    queue.discard_run(2)
    assert ids(admit(queue, limits()).admitted) == ["b", "c"]
    assert len(queue) == 0


def test_one_that_waits_already_is_replaced() -> None:
    queue = ReadyQueue()
    queue.add(candidate("a"))
    queue.add(candidate("a", priority=5))
    assert [c.priority_weight for c in admit(queue, limits()).admitted] == [5]


def test_a_turn_costs_what_it_admits_not_what_is_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    queue = ReadyQueue()
    for i in range(10_000):
        queue.add(candidate("t", map_index=i))
        queue.add(candidate("u", run=2, pool="full", map_index=i))
    asked = []

    def counting(c: Candidate, used: Limits) -> Blocked | None:
        asked.append(c)
        return blocked_by(c, used)

    monkeypatch.setattr(admission, "blocked_by", counting)
    pools = {"p": PoolLimit(1000), "full": PoolLimit(0)}
    assert len(admit(queue, limits(parallelism=32, pools=pools)).admitted) == 32
    assert len(asked) <= 33


CANDIDATES = st.lists(
    st.builds(
        candidate,
        st.sampled_from(["a", "b"]),
        run=st.integers(1, 3),
        dag_id=st.just("d"),
        pool=st.sampled_from(["p", "q"]),
        slots=st.integers(1, 3),
        priority=st.integers(0, 3),
        map_index=st.integers(0, 20),
        max_active_tasks=st.just(4),
        per_dag=st.sampled_from([None, 2]),
    ),
    max_size=40,
    unique_by=lambda c: (c.dag_run_pk, c.key),
)


@settings(max_examples=200, deadline=None)
@given(CANDIDATES, st.integers(1, 12), st.integers(-1, 8), st.integers(0, 8))
def test_no_limit_is_exceeded_and_nothing_waits_without_a_reason(
    waiting: list[Candidate], parallelism: int, p: int, q: int
) -> None:
    queue = ReadyQueue()
    for c in waiting:
        queue.add(c)
    used = limits(parallelism=parallelism, pools={"p": PoolLimit(p), "q": PoolLimit(q)})
    result = admit(queue, used)
    assert used.executing == len(result.admitted) <= parallelism
    for pool in used.pools.values():
        assert pool.slots < 0 or pool.used <= pool.slots
    assert all(n <= 4 for n in used.per_run.values())
    for c in waiting:
        if (c.dag_run_pk, c.key) in queue:
            assert result.everything or c.group in result.blocked
    for c in result.admitted:
        used.take(c.group, c.key.task_id, -1)
    assert used.executing == 0
    assert not any(used.per_run.values())
    assert not any(pool.used for pool in used.pools.values())


def test_a_part_of_a_pool_limits_and_only_the_whole_is_too_small() -> None:
    part = limits(pools={"p": PoolLimit(1, size=3)})
    for slots, limit in ((2, "pool"), (3, "pool"), (4, "small_pool")):
        why = blocked_by(candidate(slots=slots), part)
        assert why is not None
        assert why.limit == limit
    assert blocked_by(candidate(slots=1), part) is None


def test_what_waits_for_a_pool_is_counted() -> None:
    queue = ReadyQueue()
    assert queue.waiting_for("p", 9) == (0, 0, 0)
    for index in range(3):
        queue.add(candidate("big", slots=2, map_index=index))
    queue.add(candidate("huge", slots=5))
    queue.add(candidate("elsewhere", pool="q"))
    assert queue.waiting_for("p", 9) == (4, 11, 2)
    assert queue.waiting_for("p", 4) == (3, 6, 2), "the huge one can never start"
    queue.discard(1, TIKey("huge"))
    assert queue.waiting_for("p", 9) == (3, 6, 2)
