from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from slipstream.clock import FakeClock, SyncedClock, SystemClock, shift, utcnow


def test_the_system_clock_is_aware_and_in_utc() -> None:
    before = datetime.now(UTC)
    now = SystemClock().now()
    assert now.tzinfo is UTC
    assert before <= now <= utcnow()


def test_the_fake_clock_stands_still_until_it_is_moved() -> None:
    clock = FakeClock()
    now, monotonic = clock.now(), clock.monotonic()
    assert (clock.now(), clock.monotonic()) == (now, monotonic)
    assert clock.advance(90) == now + timedelta(seconds=90)
    assert clock.monotonic() == monotonic + 90


def test_setting_the_wall_clock_leaves_monotonic_time_alone() -> None:
    clock = FakeClock(datetime(2026, 3, 29, 1, 0, tzinfo=timezone(timedelta(hours=1))))
    clock.set_wall_time(datetime(2020, 1, 1, tzinfo=UTC))
    assert clock.now() == datetime(2020, 1, 1, tzinfo=UTC)
    assert clock.monotonic() == 0


def test_the_fake_clock_refuses_what_cannot_be() -> None:
    with pytest.raises(ValueError, match="naive"):
        FakeClock(datetime(2026, 1, 1))
    with pytest.raises(ValueError, match="naive"):
        FakeClock().set_wall_time(datetime(2026, 1, 1))
    with pytest.raises(ValueError, match="does not go back"):
        FakeClock().advance(-1)


# A clock that is put right


def test_a_small_difference_is_let_be_and_a_large_one_counts() -> None:
    base = FakeClock()
    clock = SyncedClock(base)
    for seconds in (0.9, -0.9, 0.0):
        clock.heard(base.now() + timedelta(seconds=seconds))
        assert clock.now() == base.now()
    for seconds in (60.0, -60.0, 3600.0):
        clock.heard(base.now() + timedelta(seconds=seconds))
        assert clock.now() == base.now() + timedelta(seconds=seconds)
        clock.heard(clock.now() + timedelta(seconds=0.5))
        assert clock.now() == base.now() + timedelta(seconds=seconds), "it does not tremble"
    clock.heard(base.now())
    assert clock.now() == base.now()
    assert clock.monotonic() == base.monotonic()


@pytest.mark.parametrize("seconds", [-60, 0.5, 60])
def test_a_time_that_was_taken_before_the_first_word_is_put_right_by_that_word(
    seconds: float,
) -> None:
    base = FakeClock()
    clock = SyncedClock(base)
    guess = clock.guess()
    assert not clock.has_heard
    base.advance(3)
    clock.heard(base.now() + timedelta(seconds=seconds))
    assert clock.has_heard
    expected = guess + timedelta(seconds=seconds if abs(seconds) > 1 else 0)
    assert clock.put_right(guess) == expected
    clock.heard(base.now() + timedelta(seconds=500))
    assert clock.put_right(guess) == expected, "what is sent again says the same"


def test_a_slow_answer_moves_nothing_by_its_slowness() -> None:
    base = FakeClock()
    clock = SyncedClock(base)
    base.advance(8)
    clock.heard(base.now() - timedelta(seconds=7), waited_s=8.0)
    assert clock.now() == base.now()


def test_a_clock_that_is_put_right_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    base = FakeClock()
    clock = SyncedClock(base)
    for _ in range(3):
        clock.heard(base.now() + timedelta(seconds=61))
    [record] = caplog.records
    assert "61.0 s behind" in record.getMessage()


def test_a_process_can_be_told_of_the_difference() -> None:
    try:
        shift(3600)
        assert abs((utcnow() - SystemClock().now()).total_seconds() - 3600) < 5
    finally:
        shift(0)
    assert abs((utcnow() - SystemClock().now()).total_seconds()) < 5
