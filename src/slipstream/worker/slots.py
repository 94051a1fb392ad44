"""Who may have a process: so many executions at a time, the others in the order in which they came."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from slipstream.worker.execution import Execution


class Slots:
    """A host's slots, and the queue before them."""

    def __init__(self, n_slots: int) -> None:
        self._n_slots = n_slots
        self._n_busy = 0
        self._queue: deque[Execution] = deque()

    def grow(self, n_slots: int) -> None:
        """Have so many slots from now on; with fewer than before, those in use are left to end."""
        self._n_slots = n_slots

    def put(self, execution: Execution) -> None:
        """Let an execution wait for a slot."""
        self._queue.append(execution)

    def remove(self, execution: Execution) -> bool:
        """Take an execution out of the queue; False when it is not there."""
        if execution not in self._queue:
            return False
        self._queue.remove(execution)
        return True

    def fill(self) -> Iterator[Execution]:
        """Give free slots to those who wait, and yield them."""
        while self._queue and self._n_busy < self._n_slots:
            self._n_busy += 1
            execution = self._queue.popleft()
            execution.holds_slot = True
            yield execution

    def free(self, execution: Execution) -> None:
        """Take an execution's slot back, if it holds one."""
        if execution.holds_slot:
            execution.holds_slot = False
            self._n_busy -= 1

    def empty(self) -> Iterator[Execution]:
        """Yield all that wait, and take them out of the queue."""
        while self._queue:
            yield self._queue.popleft()
