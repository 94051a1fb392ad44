"""Which worker hosts are alive, while somebody sets the clock."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

import pytest

from slipstream.clock import FakeClock
from slipstream.config.host import hostname
from slipstream.scheduler import hosts
from slipstream.scheduler.clock_watch import ClockWatch
from slipstream.scheduler.hosts import Hosts
from slipstream.store.row import JobRow

CONN: Any = object()


class Rig:
    """A host that sends a heartbeat at each moment, and a scheduler that looks at it."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.hosts = Hosts(30.0, self.clock, ClockWatch(self.clock))
        self.beat_at = self.clock.now()
        self.set_while_reading = timedelta()

    def list_alive(self, conn: object, job_type: str, since: Any) -> list[JobRow]:
        if self.set_while_reading:
            self.clock.set_wall_time(self.clock.now() + self.set_while_reading)
            self.set_while_reading, self.beat_at = timedelta(), self.clock.now()
        row = JobRow(**dict.fromkeys(JobRow._fields))  # type: ignore[arg-type]
        row = row._replace(id="host", parent_id="scheduler", hostname=hostname())
        row = row._replace(pid=os.getpid(), heartbeat_at=self.beat_at)
        return [row] if self.beat_at >= since else []

    @property
    def is_alive(self) -> bool:
        self.hosts.refresh(CONN, self.clock.now())
        return self.hosts.why_dead("host") is None


@pytest.fixture
def rig(monkeypatch: pytest.MonkeyPatch) -> Rig:
    rig = Rig()
    monkeypatch.setattr(hosts.job, "list_alive", rig.list_alive)
    return rig


def test_a_host_that_is_silent_for_too_long_is_dead(rig: Rig) -> None:
    rig.clock.advance(29)
    assert rig.is_alive
    rig.clock.advance(2)
    assert not rig.is_alive


@pytest.mark.parametrize("hours", [1, -1])
def test_a_clock_that_is_set_kills_no_host(rig: Rig, hours: int) -> None:
    rig.clock.set_wall_time(rig.clock.now() + timedelta(hours=hours))
    assert rig.is_alive
    rig.clock.advance(29)
    assert rig.is_alive
    rig.clock.advance(2)
    rig.beat_at = rig.clock.now() - timedelta(seconds=31)
    assert not rig.is_alive


def test_a_clock_that_is_set_back_in_the_middle_of_a_turn_kills_no_host(rig: Rig) -> None:
    rig.set_while_reading = timedelta(hours=-1)
    assert rig.is_alive
