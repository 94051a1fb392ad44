"""``python -m tests.chaos.doubling N``: a scheduler whose messages go out N times and in any order.

Old ones come again, too, long after what they carry has ended. What nobody begins is looked after
soon, so that a storm need not be long.
"""

from __future__ import annotations

import random
import sys
from collections import deque
from typing import Any

from slipstream.executors import ledger
from slipstream.scheduler.main import main

_LATE = 0.2
"""How likely an old message goes out along with new ones."""


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
    _disturb(int(sys.argv.pop(1)))
    sys.exit(main())
