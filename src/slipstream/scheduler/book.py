"""The active runs in memory: machines of those that run, rows of those that wait their turn.

A cache of the runs that this scheduler's lease covers. Anything here can be dropped at any time
and loaded again from the database.
"""

from __future__ import annotations

from bisect import insort
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from slipstream.machine.event import TIKey
from slipstream.machine.run import RunMachine
from slipstream.store.row import RunRow

Lane = tuple[str, int | None]
"""What ``max_active_runs`` counts together: a DAG's runs, or those of one backfill of it."""


@dataclass(slots=True, eq=False)
class ActiveRun:
    """A run whose machine is in memory."""

    row: RunRow
    machine: RunMachine
    version_id: str
    running: bool = False
    """It holds a slot of its lane's ``max_active_runs``."""
    pk: int = field(init=False)
    """The row's primary key, which no newer row changes."""

    def __post_init__(self) -> None:
        self.pk = self.row.id


def lane_of(row: RunRow) -> Lane:
    """Return the lane in which the run waits its turn."""
    return row.dag_id, row.backfill_id


class RunBook:
    """Runs by primary key, by DAG and by attempt; the queued ones in the order they start."""

    def __init__(self) -> None:
        self.active: dict[int, ActiveRun] = {}
        self.waiting: dict[int, RunRow] = {}
        self.attempts: dict[str, tuple[int, TIKey]] = {}
        """Every attempt that is queued or running, and whose it is."""
        self._queues: dict[Lane, list[tuple[datetime, int]]] = defaultdict(list)
        self._n_running: dict[Lane, int] = defaultdict(int)
        self._by_dag: dict[str, set[int]] = defaultdict(set)
        self.touched: set[Lane] = set()
        """Lanes in which a run may be able to start."""

    def add_waiting(self, row: RunRow) -> None:
        """Put a queued run in its lane."""
        if row.id in self.waiting:
            return
        lane = lane_of(row)
        self.waiting[row.id] = row
        insort(self._queues[lane], (row.run_after, row.id))
        self._by_dag[row.dag_id].add(row.id)
        self.touched.add(lane)

    def add_active(self, run: ActiveRun) -> None:
        """Take a run's machine in."""
        self.active[run.pk] = run
        self._by_dag[run.row.dag_id].add(run.pk)

    def set_running(self, run: ActiveRun, running: bool) -> None:
        """Give the run a slot of its lane, or take the slot back."""
        if run.running is running:
            return
        run.running = running
        lane = lane_of(run.row)
        self._n_running[lane] += 1 if running else -1
        if not running:
            self.touched.add(lane)

    def take_from_queue(self, pk: int) -> RunRow | None:
        """Remove a run from its lane's queue; return its row if it waited there."""
        row = self.waiting.pop(pk, None)
        if row is not None:
            self._queues[lane_of(row)].remove((row.run_after, row.id))
            if pk not in self.active:
                self._by_dag[row.dag_id].discard(pk)
        return row

    def drop(self, pk: int) -> None:
        """Forget a run."""
        self.take_from_queue(pk)
        run = self.active.pop(pk, None)
        if run is not None:
            self.set_running(run, False)
            for attempt_id in [a for a, (owner, _) in self.attempts.items() if owner == pk]:
                del self.attempts[attempt_id]
            self._by_dag[run.row.dag_id].discard(pk)

    def queue(self, lane: Lane) -> Iterator[RunRow]:
        """Yield a lane's waiting runs in the order in which they may start."""
        for _, pk in list(self._queues.get(lane, ())):
            yield self.waiting[pk]

    def n_running(self, lane: Lane) -> int:
        """Return how many runs of the lane hold a slot."""
        return self._n_running.get(lane, 0)

    def n_unfinished(self, dag_id: str) -> int:
        """Return how many runs of the DAG are queued or running, backfills not counted."""
        lane = (dag_id, None)
        return self.n_running(lane) + len(self._queues.get(lane, ()))

    def of_dag(self, dag_id: str) -> list[ActiveRun]:
        """Return the DAG's runs whose machines are in memory."""
        return [self.active[pk] for pk in self._by_dag.get(dag_id, ()) if pk in self.active]

    def runs_of_dag(self, dag_id: str) -> list[int]:
        """Return all runs of the DAG that are known here, waiting or active."""
        return list(self._by_dag.get(dag_id, ()))

    def lanes_of_dag(self, dag_id: str) -> list[Lane]:
        """Return the lanes of a DAG that have runs waiting."""
        return [lane for lane, queue in self._queues.items() if queue and lane[0] == dag_id]

    def owner_of(self, attempt_id: str) -> tuple[ActiveRun, TIKey] | None:
        """Return whose attempt this is, None when no run in memory has it open."""
        found = self.attempts.get(attempt_id)
        if found is None or found[0] not in self.active:
            return None
        return self.active[found[0]], found[1]

    def clear(self) -> None:
        """Forget everything."""
        self.__init__()  # type: ignore[misc]
