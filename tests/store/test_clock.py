"""The database's clock: read on each database, and followed when this machine's is wrong."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from slipstream.clock import FakeClock, SyncedClock, SystemClock
from slipstream.store import Store, dialect
from slipstream.store.clock import EVERY_S, ClockSync, synced


class Skewed(SystemClock):
    """This machine's clock, set wrong."""

    def __init__(self, seconds: float) -> None:
        self.wrong_by = timedelta(seconds=seconds)

    def now(self) -> datetime:
        return super().now() + self.wrong_by


def test_the_databases_time_is_the_time(store: Store) -> None:
    with store.read() as conn:
        now = dialect.of(conn).now(conn)
    if store.dialect == "sqlite":
        assert now is None, "a file goes by this machine's clock"
        return
    assert now is not None
    assert now.utcoffset() == timedelta(0)
    assert abs((now - SystemClock().now()).total_seconds()) < 2


@pytest.mark.parametrize("wrong_by_s", [60, -60, 0.3])
def test_a_service_on_a_machine_with_a_wrong_clock_goes_by_the_database(
    store: Store, wrong_by_s: float
) -> None:
    clock = SyncedClock(Skewed(wrong_by_s))
    ClockSync(store, clock).sync()
    wrong = store.dialect == "sqlite" and abs(wrong_by_s) > 1
    off = (clock.now() - SystemClock().now()).total_seconds()
    assert abs(off - (wrong_by_s if wrong else 0)) < 2


def test_it_asks_again_each_minute_and_not_before(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = FakeClock()
    sync = ClockSync(store, SyncedClock(base))
    asked: list[float] = []
    monkeypatch.setattr(type(sync), "sync", lambda self: asked.append(base.monotonic()))
    sync._synced_at = 0.0
    for _ in range(4):
        base.advance(EVERY_S / 3)
        sync.keep()
    assert asked == [EVERY_S, EVERY_S * 4 / 3]


def test_it_asks_when_this_machines_clock_was_set(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync = ClockSync(store, SyncedClock())
    sync.sync()
    asked: list[int] = []
    monkeypatch.setattr(type(sync), "sync", lambda self: asked.append(1))
    sync.keep()
    assert not asked
    sync._system = Skewed(30)
    sync.keep()
    assert asked == [1]


def test_a_database_that_is_away_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    with Store.open(f"sqlite:///{tmp_path}/none.db") as store, synced(store) as clock:
        ClockSync(store, clock).sync()
        assert abs((clock.now() - SystemClock().now()).total_seconds()) < 2
