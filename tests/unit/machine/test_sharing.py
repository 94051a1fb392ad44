"""How schedulers share: everybody gets its part, nothing is promised twice, nobody waits for ever."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipstream.machine.sharing import Claim, dags_due, divide, next_quota

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("owned", "n_free", "due"),
    [
        ({"a": 0}, 7, {"a": 7}),
        ({"a": 4, "b": 0}, 0, {"a": 2, "b": 2}),
        ({"a": 3, "b": 2}, 0, {"a": 3, "b": 2}),  # the odd one stays
        ({"a": 2, "b": 3}, 0, {"a": 2, "b": 3}),
        ({"a": 2, "b": 2}, 1, {"a": 3, "b": 2}),
        ({"a": 0, "b": 0, "c": 0}, 2, {"a": 1, "b": 1, "c": 0}),
        ({"a": 9, "b": 0, "c": 1}, 0, {"a": 4, "b": 3, "c": 3}),
        ({"a": 0, "b": 0}, 0, {"a": 0, "b": 0}),
    ],
)
def test_dags_are_shared_evenly_and_none_moves_without_need(
    owned: dict[str, int], n_free: int, due: dict[str, int]
) -> None:
    assert dags_due(owned, n_free) == due


@given(
    st.dictionaries(st.text(min_size=1), st.integers(0, 100), min_size=1, max_size=6),
    st.integers(0, 100),
)
def test_all_dags_are_due_to_somebody_and_nobody_gets_two_more_than_another(
    owned: dict[str, int], n_free: int
) -> None:
    due = dags_due(owned, n_free)
    assert sum(due.values()) == sum(owned.values()) + n_free
    assert max(due.values()) - min(due.values()) <= 1
    # Who follows it comes to rest: what is due does not change by everybody's having it.
    assert dags_due(due, 0) == due


def _claims(*demands: tuple[int, int]) -> list[Claim]:
    return [Claim("abcdef"[i], demand, least) for i, (demand, least) in enumerate(demands)]


def test_where_there_is_enough_everybody_has_what_it_needs() -> None:
    assert divide(10, _claims((3, 1), (7, 2), (0, 0)), NOW) == {"a": 3, "b": 7, "c": 0}


def test_where_there_is_not_enough_the_hungry_get_the_same() -> None:
    assert divide(9, _claims((100, 1), (1, 1), (50, 1)), NOW) == {"a": 4, "b": 1, "c": 4}


def test_who_needs_several_slots_to_start_anything_gets_them_together() -> None:
    assert divide(4, _claims((10, 1), (10, 3)), NOW) == {"a": 1, "b": 3}


def _stuck(claim: Claim, seconds: float) -> Claim:
    return replace(claim, stuck_since=NOW - timedelta(seconds=seconds))


def test_who_is_stuck_for_long_comes_first_the_longest_first() -> None:
    a, b, c = _claims((5, 1), (5, 1), (5, 1))
    assert divide(1, [a, b, c], NOW) == {"a": 1, "b": 0, "c": 0}
    assert divide(1, [a, _stuck(b, 2), _stuck(c, 3)], NOW) == {"a": 0, "b": 0, "c": 1}
    assert divide(1, [a, _stuck(b, 0.5), c], NOW) == {"a": 1, "b": 0, "c": 0}, (
        "a moment is no while"
    )


def test_what_is_put_by_for_who_is_stuck_stays_so_until_it_is_enough() -> None:
    small, big = _claims((9, 1), (6, 3))
    assert divide(3, [small, big], NOW)["b"] < 3
    assert divide(3, [small, _stuck(big, 2)], NOW) == {"a": 0, "b": 3}
    assert divide(3, [_stuck(small, 2), big], NOW)["a"] >= 1


CLAIMS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 5)), max_size=6)


@given(st.integers(0, 60), CLAIMS, st.lists(st.integers(0, 5), min_size=6, max_size=6))
def test_no_slot_is_due_twice_and_none_is_left_over_while_somebody_could_use_it(
    slots: int, demands: list[tuple[int, int]], seconds: list[int]
) -> None:
    claims = [_stuck(c, s) if s else c for c, s in zip(_claims(*demands), seconds, strict=False)]
    due = divide(slots, claims, NOW)
    assert sum(due.values()) <= slots
    assert all(0 <= due[c.owner] <= c.demand for c in claims)
    if sum(due.values()) < slots:
        assert all(due[c.owner] == c.demand for c in claims)


@pytest.mark.parametrize(
    ("held", "used", "demand", "rest", "becomes"),
    [
        # alone: all that nobody holds
        (0, 0, 0, {"free": 8, "is_alone": True}, 8),
        # nobody waits: what is needed, as far as it is there; what is held too much stays
        (0, 0, 5, {"free": 8}, 5),
        (2, 2, 9, {"free": 3}, 5),
        (6, 1, 1, {"free": 0}, 6),
        # others wait: down to what is due, but what is in use stays
        (6, 1, 1, {"wanted": 9, "due": 1}, 1),
        (6, 4, 9, {"wanted": 9, "due": 3}, 4),
        (6, 1, 1, {"wanted": 2, "due": 1}, 4),
        (6, 1, 1, {"wanted": 2, "due": 1, "free": 2}, 6),
        # others wait and something is free: up to what is due
        (1, 1, 9, {"wanted": 9, "due": 3, "free": 9}, 3),
        # the pool was made smaller
        (6, 2, 9, {"free": -3}, 3),
        (6, 5, 9, {"free": -3}, 5),
        (6, 6, 9, {"free": -3, "is_alone": True}, 6),
    ],
)
def test_what_a_scheduler_should_hold_next(
    held: int, used: int, demand: int, rest: dict[str, int], becomes: int
) -> None:
    given = {"due": 0, "free": 0, "wanted": 0, "is_alone": False, **rest}
    assert next_quota(held, used, demand, **given) == becomes  # type: ignore[arg-type]
