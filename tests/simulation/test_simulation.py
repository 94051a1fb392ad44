"""Histories full of faults: whatever dies, every run ends right and no attempt counts twice.

``SIMULATION_STEPS`` sets how many steps are played (default 100,000) and ``SIMULATION_SEED`` the
first seed. A failure names its seed; ``python -m tests.simulation SEED`` plays it again.
"""

from __future__ import annotations

import os

import pytest
from tests.simulation.world import World

STEPS = int(os.environ.get("SIMULATION_STEPS", "100000"))
FIRST_SEED = int(os.environ.get("SIMULATION_SEED", "1"))


@pytest.mark.timeout(60 + STEPS // 500)
def test_nothing_is_lost_stuck_or_done_twice() -> None:
    steps, seed = 0, FIRST_SEED
    while steps < STEPS:
        try:
            steps += World(seed).play()
        except Exception as e:
            raise AssertionError(f"seed {seed} fails: {e}") from e
        seed += 1


def test_a_seed_replays_the_same_history() -> None:
    first, second = World(42), World(42)
    assert first.play() == second.play()
    assert first.now == second.now
    assert {i: a.key for i, a in first.db.attempts.items()} == {
        i: a.key for i, a in second.db.attempts.items()
    }
