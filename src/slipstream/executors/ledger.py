"""Which attempts are still to be published, and which once more. No I/O, no clock of its own.

For executors whose attempts travel through something that may lose them: a broker, a Dask cluster.
From its submission until somebody says that it began, ended or is unwanted, an attempt is in here.
What was published is published again under the same id

* when its queue in the broker is empty: the message is gone, or a worker has it and has not begun;
* when a younger one of its queue and level has begun: it was overtaken, so it is not in the queue;
* when the connection broke soon after it was published: it may not have arrived;
* when the carrier itself says that it has lost it.

Each time the wait for the next look doubles. A copy too many costs little: only one is ever started.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

FIRST_LOOK_S = 10.0
LONGEST_LOOK_S = 120.0
_FIRST_PAUSE_S = 0.5
_DOUBT_S = 5.0


class Letter(Protocol):
    """What travels, as far as it matters here."""

    @property
    def id(self) -> str: ...

    @property
    def queue(self) -> str: ...

    @property
    def level(self) -> int:
        """How urgent it is; the most urgent has the largest."""
        ...


L = TypeVar("L", bound=Letter)


@dataclass(slots=True)
class Entry(Generic[L]):
    """An attempt that nobody has begun, as far as we have heard."""

    letter: L
    number: int
    """Counts submissions: what was submitted later has a larger one."""
    look_s: float
    expires_at: float
    look_at: float = 0.0
    published_at: float | None = None
    pause_s: float = 0.0
    """How long it is kept when the carrier has lost it."""

    @property
    def lane(self) -> tuple[str, int]:
        """Messages of one lane are taken in the order of their publication."""
        return self.letter.queue, self.letter.level


class Ledger(Generic[L]):
    """The attempts in the executor's care. ``now`` is always monotonic."""

    def __init__(self, lifetime_s: float = float("inf")) -> None:
        """``lifetime_s``: so long after its submission nobody could begin an attempt any more."""
        self._lifetime_s = lifetime_s
        self._entries: dict[str, Entry[L]] = {}
        self._due: dict[str, Entry[L]] = {}
        self._begun: dict[tuple[str, int], int] = defaultdict(int)
        """Of each lane, the largest number of an attempt that has begun."""
        self._n_submitted = 0
        self._looks_at = float("inf")

    def __contains__(self, attempt_id: str) -> bool:
        return attempt_id in self._entries

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, letter: L, now: float, *, was_published: bool = False) -> None:
        """Take an attempt; ``was_published``: by a scheduler before this one."""
        if letter.id in self._entries:
            return
        self._n_submitted += 1
        entry = self._entries[letter.id] = Entry(
            letter, self._n_submitted, FIRST_LOOK_S, now + self._lifetime_s
        )
        if was_published:
            self._set_look(entry, now)
        else:
            self._due[letter.id] = entry

    def forget(self, attempt_ids: Iterable[str], *, begun: bool = False) -> list[str]:
        """Drop attempts, which have ``begun`` or are no longer wanted; return those that were known."""
        known = []
        for id_ in attempt_ids:
            entry = self._entries.pop(id_, None)
            if entry is None:
                continue
            known.append(id_)
            self._due.pop(id_, None)
            if begun:
                self._begun[entry.lane] = max(self._begun[entry.lane], entry.number)
        return known

    def take_due(self) -> list[Entry[L]]:
        """Return what is to be published now, the most urgent first; ``published`` must follow."""
        return sorted(self._due.values(), key=lambda e: (-e.letter.level, e.number))

    def published(self, entry: Entry[L], now: float) -> None:
        """Note that an attempt is on its way."""
        if self._due.pop(entry.letter.id, None) is None:
            return  # forgotten meanwhile
        entry.published_at = now
        self._set_look(entry, now)

    def connection_broke(self, now: float) -> None:
        """Have published again what may not have arrived."""
        for entry in self._entries.values():
            if entry.published_at is not None and now - entry.published_at < _DOUBT_S:
                self._due[entry.letter.id] = entry

    def lost(self, attempt_id: str, now: float) -> None:
        """Have published again what is known to be gone: at once, and later each time after that."""
        entry = self._entries.get(attempt_id)
        if entry is None or attempt_id in self._due:
            return
        if not entry.pause_s:
            entry.pause_s = _FIRST_PAUSE_S
            self._due[attempt_id] = entry
            return
        entry.look_at = now + entry.pause_s
        entry.pause_s = min(entry.pause_s * 2, LONGEST_LOOK_S)
        self._looks_at = min(self._looks_at, entry.look_at)

    @property
    def has_due(self) -> bool:
        return bool(self._due)

    def next_look_at(self) -> float:
        """Return when ``suspects`` is to be asked."""
        return self._looks_at if self._entries else float("inf")

    def suspects(self, now: float) -> dict[str, list[Entry[L]]]:
        """Return by queue what has waited long; ``looked`` must follow for each queue."""
        found: dict[str, list[Entry[L]]] = defaultdict(list)
        looks_at = float("inf")
        self.forget([id_ for id_, e in self._entries.items() if e.expires_at <= now])
        for entry in self._entries.values():
            if entry.letter.id in self._due:
                continue
            if entry.look_at <= now:
                found[entry.letter.queue].append(entry)
            else:
                looks_at = min(looks_at, entry.look_at)
        self._looks_at = looks_at
        return found

    def looked(self, entries: Iterable[Entry[L]], now: float, *, n_waiting: int) -> int:
        """Decide about a queue's suspects; return how many are to be published again."""
        n_again = 0
        for entry in entries:
            if entry.letter.id not in self._entries:
                continue
            entry.look_s = max(entry.look_s, min(entry.look_s * 2, LONGEST_LOOK_S))
            if n_waiting == 0 or entry.number < self._begun[entry.lane]:
                self._due[entry.letter.id] = entry
                n_again += 1
            else:
                self._set_look(entry, now)
        return n_again

    def _set_look(self, entry: Entry[L], now: float) -> None:
        entry.look_at = now + entry.look_s
        self._looks_at = min(self._looks_at, entry.look_at)
