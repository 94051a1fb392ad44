"""Three schedulers that are killed, stopped and sent away at random share one small pool."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time

import pytest
from tests.chaos.checker import check, most_at_once
from tests.chaos.stage import MORE_SCHEDULERS, Stage

from slipstream.store import pool

_DAGS = ("chaos_chain", "chaos_fan", "chaos_branch", "chaos_fail")
_SLOTS = 4
_PATIENCE_S = 90.0
_STOPPED_S = 4.0
"""Longer than a lease."""


@pytest.mark.timeout(600)
@pytest.mark.parametrize("dialect", ["postgresql", "mysql"], indirect=True)
def test_what_schedulers_suffer_loses_nothing_and_overfills_no_pool(
    stage: Stage, chance: random.Random, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC", "1")
    monkeypatch.setenv("AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD", "3")
    monkeypatch.setenv("AIRFLOW__SCHEDULER__JOB_HEARTBEAT_SEC", "0.5")
    stage.store.write(pool.upsert, "default_pool", _SLOTS)
    schedulers = ("scheduler", *MORE_SCHEDULERS)
    stage.start(*schedulers)
    rows = []
    stopped: dict[int, float] = {}
    done = dict.fromkeys(("kill", "stop", "send away"), 0)
    ends_at = time.monotonic() + seconds
    while time.monotonic() < ends_at:
        if len(stage.unfinished(rows)) < 12:
            rows.append(stage.trigger(chance.choice(_DAGS)))
        if chance.random() < 0.25:
            pid = stage.services[chance.choice(schedulers)].pid
            what = chance.choice(tuple(done))
            done[what] += 1
            if what == "stop":
                os.kill(pid, signal.SIGSTOP)
                stopped[pid] = time.monotonic() + chance.uniform(0.1, 2 * _STOPPED_S)
            else:
                os.kill(pid, signal.SIGKILL if what == "kill" else signal.SIGTERM)
        _go_on(stopped, time.monotonic())
        stage.start()
        time.sleep(chance.uniform(0.05, 0.4))
    _go_on(stopped, float("inf"))
    stage.settle(rows, _PATIENCE_S)
    print(f"{len(rows)} runs, {len(stage.proof())} attempts, {done}")
    check(stage, rows)
    assert most_at_once(stage, rows) <= _SLOTS


def _go_on(stopped: dict[int, float], now: float) -> None:
    for pid in [pid for pid, until in stopped.items() if until <= now]:
        del stopped[pid]
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
