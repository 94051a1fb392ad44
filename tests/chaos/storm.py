"""What befalls the installation: deeds in an order that the seed decides, each as often as the others.

The database and the broker go away at moments of their own, once in a short storm.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.chaos.far import APIS, SCHEDULERS, WORKERS
from tests.chaos.stage import Stage

from slipstream.errors import StoreUnavailable
from slipstream.store.row import RunRow
from slipstream.worker import sweeper

DAGS = ("chaos_chain", "chaos_fan", "chaos_branch", "chaos_fail")
_AT_WORK = 10
"""Runs that are kept under way."""
_OUTAGE_EVERY_S = 25.0


@dataclass
class Storm:
    """Deeds against a stage."""

    stage: Stage
    chance: random.Random
    still_s: float
    """How long a worker stands still: longer than the visibility timeout and its host's lease."""
    outages: dict[str, Callable[[], None]]
    """By name: what takes something away and brings it back."""
    done: Counter[str] = field(default_factory=Counter)
    rows: list[RunRow] = field(default_factory=list)
    _still: dict[int, float] = field(default_factory=dict)
    """Processes that stand still, and until when by the monotonic clock."""
    _deck: list[str] = field(default_factory=list)

    def rage(self, seconds: float) -> None:
        """Do harm under load, for so long."""
        outages = self._plan(seconds)
        began = time.monotonic()
        while (now := time.monotonic()) < began + seconds or outages:
            # The test's own connections to a database that was restarted fail once.
            with contextlib.suppress(StoreUnavailable):
                if len(self.stage.unfinished(self.rows)) < _AT_WORK:
                    self.rows.append(self.stage.trigger(self.chance.choice(DAGS)))
            if outages and outages[0][0] <= now - began:
                self._do(outages.pop(0)[1])
            elif self.chance.random() < 0.4:
                self._do(self._draw())
            self._go_on(now)
            self.stage.start()
            time.sleep(self.chance.uniform(0.05, 0.6))
        self._go_on(float("inf"))

    def _plan(self, seconds: float) -> list[tuple[float, str]]:
        n_rounds = max(1, int(seconds / _OUTAGE_EVERY_S))
        names = [name for _ in range(n_rounds) for name in self.outages]
        part = seconds / (len(names) + 1)
        return [(part * (n + 1), name) for n, name in enumerate(names)]

    def _draw(self) -> str:
        """Return the next deed of a shuffled deck, in which each is once."""
        if not self._deck:
            self._deck = sorted(self._deeds())
            self.chance.shuffle(self._deck)
        return self._deck.pop()

    def _do(self, name: str) -> None:
        if name in self.outages:
            self.outages[name]()
            self.done[name] += 1
        else:
            self.done[name] += self._deeds()[name]()

    def _deeds(self) -> dict[str, Callable[[], int]]:
        """By name: what does it and returns how many it has met."""
        return {
            "task killed": lambda: self.stage.kill("task", self.chance),
            "zygote killed": lambda: self.stage.kill("dag_zygote", self.chance),
            "host killed": lambda: self.stage.kill("worker_host", self.chance),
            "worker killed": lambda: self.stage.kill(self.chance.choice(WORKERS), self.chance),
            "scheduler killed": lambda: self.stage.kill(
                self.chance.choice(SCHEDULERS), self.chance
            ),
            "API server killed": lambda: self.stage.kill(self.chance.choice(APIS), self.chance),
            "machine killed": lambda: self._signal_machine(signal.SIGKILL),
            "machine stood still": lambda: self._signal_machine(signal.SIGSTOP),
            "scheduler stood still": self._still_scheduler,
        }

    def _signal_machine(self, number: signal.Signals) -> int:
        worker = self.stage.services[self.chance.choice(WORKERS)].pid
        tree = [worker, *sweeper.descendants(worker)]
        until = time.monotonic() + self.still_s * self.chance.uniform(1, 2)
        for pid in tree:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
                if number is signal.SIGSTOP:
                    self._still[pid] = until
        return 1

    def _still_scheduler(self) -> int:
        pid = self.stage.services[self.chance.choice(SCHEDULERS)].pid
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
            self._still[pid] = time.monotonic() + self.still_s * self.chance.uniform(0.2, 2)
        return 1

    def _go_on(self, now: float) -> None:
        for pid in [pid for pid, until in self._still.items() if until <= now]:
            del self._still[pid]
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
