from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from slipstream.clock import FakeClock, SystemClock, utcnow


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
