"""``python -m tests.chaos.doubling N``: a scheduler whose messages go out N times and in any order.

Old ones come again, too, long after what they carry has ended. What nobody begins is looked after
soon, so that a storm need not be long.
"""

from __future__ import annotations

import pickle
import random
import sys
import uuid
from collections import deque
from typing import Any

from slipstream.config import conf
from slipstream.executors import ledger
from slipstream.scheduler.main import main

_LATE = 0.2
"""How likely an old message goes out along with new ones."""


def _disturb_dask(n_times: int) -> None:
    """Submit copies under other keys: Dask would take one of the same key for the same task."""
    import distributed

    from slipstream.executors.dask import client

    chance = random.Random()
    submit = client._Session._submit
    sent: deque[Any] = deque(maxlen=100)

    def disturbed(
        self: client._Session, connected: distributed.Client, due: list[ledger.Entry[Any]]
    ) -> None:
        letters = [entry.letter for entry in due]
        submit(self, connected, due)
        copies = letters * (n_times - 1)
        if sent and chance.random() < _LATE:
            copies.append(chance.choice(sent))
        sent.extend(letters)
        chance.shuffle(copies)
        for letter in copies:
            copy = connected.submit(
                pickle.loads,
                pickle.dumps(client._Call(letter.workload)),
                key=f"copy-{uuid.uuid4()}",
                resources=self._resources(letter.queue),
                pure=False,
            )
            distributed.fire_and_forget(copy)

    client._Session._submit = disturbed  # type: ignore[method-assign]
    ledger.FIRST_LOOK_S = 1.0


def _disturb(n_times: int) -> None:
    chance = random.Random()
    take_due = ledger.Ledger.take_due
    sent: deque[Any] = deque(maxlen=100)

    def disturbed(self: ledger.Ledger[Any]) -> list[ledger.Entry[Any]]:
        due = take_due(self)
        if not due:
            return due
        copies = due * n_times
        if n_times > 1 and sent and chance.random() < _LATE:
            copies.append(chance.choice(sent))
        sent.extend(due)
        chance.shuffle(copies)
        return copies

    ledger.Ledger.take_due = disturbed  # type: ignore[method-assign]
    ledger.FIRST_LOOK_S = 1.0


if __name__ == "__main__":
    is_dask = "Dask" in conf.get("core", "executor")
    (_disturb_dask if is_dask else _disturb)(int(sys.argv.pop(1)))
    sys.exit(main())
