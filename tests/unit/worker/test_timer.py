"""Timers fire once, in order, by monotonic time; cancelled ones leave no trace."""

from __future__ import annotations

from slipstream.clock import FakeClock
from slipstream.worker.timer import Timers


def test_timers_fire_in_order_and_once() -> None:
    clock, fired = FakeClock(), []
    timers = Timers(clock)
    assert timers.wait_s() is None
    for delay_s in (3.0, 1.0, 2.0):
        timers.after(delay_s, lambda d=delay_s: fired.append(d))
    assert timers.wait_s() == 1.0
    clock.advance(2.5)
    timers.run_due()
    timers.run_due()
    assert fired == [1.0, 2.0]
    assert timers.wait_s() == 0.5


def test_a_cancelled_timer_neither_fires_nor_wakes_anybody() -> None:
    clock = FakeClock()
    timers = Timers(clock)
    timers.after(1.0, lambda: 1 / 0).cancel()
    assert timers.wait_s() is None
    clock.advance(2.0)
    timers.run_due()


def test_cancelled_timers_of_the_far_future_do_not_pile_up() -> None:
    timers = Timers(FakeClock())
    for _ in range(10_000):
        timers.after(3600.0, lambda: None).cancel()
    assert len(timers) <= 1024


def test_a_jump_of_the_wall_clock_moves_no_timer() -> None:
    clock = FakeClock()
    timers = Timers(clock)
    timers.after(5.0, lambda: None)
    clock.set_wall_time(clock.now().replace(year=2030))
    assert timers.wait_s() == 5.0


def test_an_action_may_set_a_timer() -> None:
    clock, fired = FakeClock(), []
    timers = Timers(clock)
    timers.after(1.0, lambda: timers.after(0.0, lambda: fired.append(1)))
    clock.advance(1.0)
    timers.run_due()
    timers.run_due()
    assert fired == [1]
