"""What the scheduler's thread and the Dask client's thread share: attempts that nobody has begun.

The scheduler only appends to memory. While the cluster is away everything waits here. Dask is imported
in the thread: it is a quarter of a second and 22 MB.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from slipstream.attempt import Workload
from slipstream.clock import Clock
from slipstream.executors.base import AttemptRefused, CallbackDone, ExecutorEvent, Trouble
from slipstream.executors.ledger import Entry, Ledger
from slipstream.token import start_lifetime_s

_HIGHEST = 1 << 53


@dataclass(frozen=True, slots=True)
class Parcel:
    """An attempt on its way into a Dask cluster."""

    workload: Workload

    @property
    def id(self) -> str:
        return self.workload.attempt_id

    @property
    def queue(self) -> str:
        return self.workload.queue

    @property
    def level(self) -> int:
        """Its weight, as far as Dask's messages can hold it."""
        return max(-_HIGHEST, min(self.workload.priority_weight, _HIGHEST))


class Courier:
    """The attempts in the executor's care. Every method may be called from any thread."""

    def __init__(self, clock: Clock, tell: Callable[[ExecutorEvent], None]) -> None:
        """``tell`` is called, in the client's thread, with what the scheduler has to know."""
        self._clock = clock
        self._tell = tell
        # With its token, an attempt's message expires.
        self._ledger: Ledger[Parcel] = Ledger(start_lifetime_s())
        self._unwanted: dict[str, str] = {}
        self._never_begun: list[str] = []
        """Those of the unwanted that Dask may simply drop."""
        self._lock = threading.Lock()
        self._wake: Callable[[], object] | None = None
        self.is_stopping = False
        self.stop_within_s = 0.0
        self.trouble: Trouble | None = None

    # For the scheduler

    def add(self, workloads: Iterable[Workload]) -> None:
        now = self._clock.monotonic()
        with self._lock:
            for workload in workloads:
                self._ledger.add(Parcel(workload), now)
        self._changed()

    def heard(self, attempt_ids: Iterable[str]) -> None:
        """Forget attempts that have begun or ended."""
        with self._lock:
            self._ledger.forget(attempt_ids, begun=True)

    def end(self, reasons: Mapping[str, str]) -> list[str]:
        """Have attempts ended wherever they are; return those that nobody had begun."""
        with self._lock:
            known = self._ledger.forget(reasons)
            self._unwanted |= reasons
            self._never_begun += known
        self._changed()
        return known

    def known(self, attempt_ids: Iterable[str]) -> set[str]:
        """Return those that are in its care."""
        with self._lock:
            return {id_ for id_ in attempt_ids if id_ in self._ledger}

    def stop(self, within_s: float) -> None:
        """Have the client end; what runs in an embedded cluster gets ``within_s`` seconds."""
        self.stop_within_s = within_s
        self.is_stopping = True
        self._changed()

    # For the client

    def wake_by(self, wake: Callable[[], object] | None) -> None:
        """Have ``wake`` called, from any thread, whenever there is something new."""
        with self._lock:
            self._wake = wake

    def _changed(self) -> None:
        with self._lock:
            if self._wake is not None:
                self._wake()

    @property
    def has_due(self) -> bool:
        """Whether there is something to be submitted."""
        with self._lock:
            return self._ledger.has_due

    def take_due(self) -> list[Entry[Parcel]]:
        """Return what is to be submitted now, the most urgent first; ``submitted`` must follow."""
        with self._lock:
            return self._ledger.take_due()

    def submitted(self, entries: Iterable[Entry[Parcel]]) -> None:
        """Note that these are in the cluster."""
        with self._lock:
            for entry in entries:
                self._ledger.published(entry, self._clock.monotonic())

    def take_unwanted(self) -> tuple[dict[str, str], list[str]]:
        """Return which attempts are to be ended, and why each; and which of them nobody began."""
        with self._lock:
            taken = self._unwanted, self._never_begun
            self._unwanted, self._never_begun = {}, []
            return taken

    def look(self, pending: Mapping[str, object]) -> float:
        """Have submitted again what is overdue and not ``pending`` in the cluster.

        Return in how many seconds the next look is due.
        """
        with self._lock:
            now = self._clock.monotonic()
            if self._ledger.next_look_at() <= now:
                for entries in self._ledger.suspects(now).values():
                    for is_there in (True, False):
                        some = [e for e in entries if (e.letter.id in pending) is is_there]
                        self._ledger.looked(some, now, n_waiting=int(is_there))
            return 0.0 if self._ledger.has_due else self._ledger.next_look_at() - now

    def is_away(self, why: str) -> bool:
        """Note that the cluster takes nothing; say whether it did until now."""
        before = self.trouble
        self.trouble = Trouble(why, self._clock.now() if before is None else before.since)
        return before is None

    def is_back(self) -> bool:
        """Note that the cluster takes attempts; say whether it did not until now."""
        before, self.trouble = self.trouble, None
        return before is not None

    def lost(self, attempt_id: str) -> None:
        """The cluster does not have it any more."""
        with self._lock:
            self._ledger.lost(attempt_id, self._clock.monotonic())
        self._changed()

    def refused(self, attempt_id: str, reason: str, *, is_task: bool) -> None:
        """No worker will ever begin it: the scheduler fails it, unless it began somewhere."""
        with self._lock:
            is_known = bool(self._ledger.forget([attempt_id]))
        if is_known:
            self._tell(
                AttemptRefused(attempt_id, reason)
                if is_task
                else CallbackDone(attempt_id, False, reason)
            )
