"""Processes are killed at random under load: every run still ends as it must."""

from __future__ import annotations

import random
import time

import pytest
from tests.chaos.checker import check
from tests.chaos.stage import ROLES, SERVICES, Stage

_DAGS = ("chaos_chain", "chaos_fan", "chaos_branch", "chaos_fail")
_PATIENCE_S = 60.0


@pytest.mark.timeout(600)
def test_random_kills_lose_nothing(stage: Stage, chance: random.Random, seconds: float) -> None:
    stage.start(*SERVICES)
    rows = []
    kills: dict[str, int] = dict.fromkeys(ROLES, 0)
    ends_at = time.monotonic() + seconds
    while time.monotonic() < ends_at:
        if len(stage.unfinished(rows)) < 12:
            rows.append(stage.trigger(chance.choice(_DAGS)))
        if chance.random() < 0.4:
            role = chance.choices(ROLES, weights=[3, 1, 1, 3, 2, 2, 4, 1])[0]
            kills[role] += stage.kill(role, chance) > 0
        stage.start()
        time.sleep(chance.uniform(0.05, 0.6))
    stage.settle(rows, _PATIENCE_S)
    print(f"{len(rows)} runs, {len(stage.proof())} attempts, kills: {kills}")
    check(stage, rows)
