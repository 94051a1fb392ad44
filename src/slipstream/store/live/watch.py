"""What changed in the store since the last look, whoever changed it: three range scans by key.

``task_event`` tells of task instances and runs, ``dag_run`` of new runs, ``change_note`` of the
rest. Ids are handed out before the commit, so with several writers a row can appear below one that
was seen before it. Ids that were passed over are looked for until ``HOLE_S`` have passed, which is
longer than any transaction of ours may take; after that they belong to one that was rolled back.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, and_, bindparam, func, or_, select

from slipstream.state import TaskInstanceState
from slipstream.store.engine import Store
from slipstream.store.schema import change, dag_run, task_event, task_instance

HOLE_S = 60.0
MAX_HOLES = 64
"""Of more ranges than these the oldest are given up."""
LOOK_BACK = 1000
"""Below the newest id at the start there may be holes, too: so many ids are searched for them."""
NEAR = 16
MAX_ROWS = 5000
"""More news than these at once are told as "read everything anew". Fewer than ``change.KEPT``."""
MAX_TASKS = 200
"""Of a run with more changed task instances than these only the run is named."""
_IDS_PER_QUERY = 500

FLAGS = ("import_errors", "pools", "variables", "connections", "jobs", "backfills", "users")

_TaskStates = dict[tuple[str, int], str | None]


class RunChange(NamedTuple):
    dag_id: str
    run_id: str
    state: str | None
    """None: it was deleted."""
    tasks: list[tuple[str, int, str | None]] | None
    """(task_id, map_index, state); None: too many, or not known one by one."""


@dataclass(slots=True)
class Changes:
    """What one look found. ``cursor`` is where the next would go on."""

    cursor: str
    runs: list[RunChange] = field(default_factory=list)
    dags: set[str] = field(default_factory=set)
    flags: set[str] = field(default_factory=set)
    is_reset: bool = False
    """More changed than can be told: all must be read anew."""

    @property
    def is_empty(self) -> bool:
        return not (self.runs or self.dags or self.flags or self.is_reset)


class _Hole(NamedTuple):
    low: int
    high: int
    until: float


class _Tail:
    """The end of a table by its ids."""

    def __init__(
        self, shown: Sequence[Any], *, has_holes: bool, clock: Callable[[], float]
    ) -> None:
        self._shown = shown
        self._id: Any = shown[0]
        self._has_holes = has_holes
        self._clock = clock
        self._after = self._query(self._id > bindparam("after"))
        self._between = self._query(self._id.between(bindparam("low"), bindparam("high")))
        self._ids = select(self._id).where(self._id > bindparam("after")).order_by(self._id)
        self.max = select(func.max(self._id)).scalar_subquery()
        self.newest = 0
        self._holes: list[_Hole] = []

    def _query(self, which: Any) -> Select[Any]:
        return select(*self._shown).where(which).order_by(self._id).limit(MAX_ROWS + 1)

    @property
    def done(self) -> int:
        """All up to this id has been seen."""
        return min([self.newest, *(hole.low - 1 for hole in self._holes)])

    @property
    def is_whole(self) -> bool:
        """No row can come below the newest one."""
        return not self._holes

    def start(self, conn: Connection) -> None:
        self.newest = int(conn.execute(select(self.max)).scalar() or 0)
        self._holes = []
        if self._has_holes and self.newest:
            first = max(0, self.newest - LOOK_BACK)
            ids = conn.execute(self._ids, {"after": first}).scalars().all()
            # Of what is below the oldest row, most was deleted long ago.
            self._note_holes(max(first, ids[0] - 1 - NEAR) if ids else self.newest, ids)
            self.newest = max([self.newest, *ids])

    def go_to(self, id: int) -> None:
        self.newest, self._holes = id, []

    def read(self, conn: Connection) -> tuple[list[Row[Any]], list[Row[Any]]]:
        """Return new rows, and such as came late, below those seen before."""
        late: list[Row[Any]] = []
        if self._holes:
            late = self._read_holes(conn)
        new = list(conn.execute(self._after, {"after": self.newest}).all())
        if new:
            if self._has_holes:
                self._note_holes(self.newest, [row[0] for row in new])
            self.newest = new[-1][0]
        return new, late

    def _note_holes(self, after: int, ids: Iterable[int]) -> None:
        until = self._clock() + HOLE_S
        expected = after + 1
        for id in ids:
            if id > expected:
                self._holes.append(_Hole(expected, id - 1, until))
            expected = id + 1
        del self._holes[:-MAX_HOLES]

    def _read_holes(self, conn: Connection) -> list[Row[Any]]:
        now = self._clock()
        found: list[Row[Any]] = []
        left: list[_Hole] = []
        for low, high, until in self._holes:
            rows = conn.execute(self._between, {"low": low, "high": high}).all()
            found += rows
            if until <= now:
                continue
            for row in rows:
                if row[0] > low:
                    left.append(_Hole(low, row[0] - 1, until))
                low = row[0] + 1
            if low <= high:
                left.append(_Hole(low, high, until))
        self._holes = left
        return found


class Watch:
    """Looks at a store again and again; ``look`` returns what is new. For one thread at a time."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        # One writer at a time: ids are in the order of commits there. But they are used again
        # once the newest rows are gone, which only a note of their deletion tells.
        self._is_sqlite = store.dialect == "sqlite"

        def tail(*shown: Any) -> _Tail:
            return _Tail(shown, has_holes=not self._is_sqlite, clock=clock)

        e, r, c = task_event.c, dag_run.c, change.c
        self._events = tail(e.id, e.dag_run_id, e.task_id, e.map_index, e.to_state)
        self._runs = tail(r.id)
        self._notes = tail(c.id, c.kind, c.dag_id, c.run_id)
        self._tails = (self._events, self._runs, self._notes)
        self._ends = select(*(tail.max for tail in self._tails))

    @property
    def cursor(self) -> str:
        """Where a look would go on, as text."""
        return "-".join(str(tail.done) for tail in self._tails)

    def start(self) -> None:
        """Begin at what is there now."""
        with self._store.read() as conn:
            self._start(conn)

    def _start(self, conn: Connection) -> None:
        for tail in self._tails:
            tail.start(conn)

    def resume(self, cursor: str) -> Changes:
        """Return what changed since a cursor that this or another process gave out."""
        ids = [int(part) for part in cursor.split("-") if part.isascii() and part.isdigit()]
        with self._store.read() as conn:
            self._start(conn)
            here = [tail.newest for tail in self._tails]
            fits = len(ids) == len(here) and all(
                id <= newest < 2**62 and newest - id <= MAX_ROWS
                for id, newest in zip(ids, here, strict=True)
            )
            if not fits:
                return Changes(self.cursor, is_reset=True)
            for tail, id in zip(self._tails, ids, strict=True):
                tail.go_to(id)
            return self._look(conn)

    def look(self) -> Changes:
        """Return what changed since the last look."""
        with self._store.read() as conn:
            return self._look(conn)

    def _look(self, conn: Connection) -> Changes:
        # Most looks find nothing, and are this one query.
        ends = [end or 0 for end in conn.execute(self._ends).one()]
        if ends == [tail.newest for tail in self._tails if tail.is_whole]:
            return Changes(self.cursor)
        # Notes first: on SQLite one of a deletion voids what the other ids say.
        notes = _both(self._notes.read(conn))
        deleted = [note for note in notes if note.kind == "deleted"]
        events, late = self._events.read(conn)
        runs = _both(self._runs.read(conn))
        if (
            max(len(notes), len(events), len(late), len(runs)) > MAX_ROWS
            or any(note.dag_id is None for note in deleted)
            or (deleted and self._is_sqlite)
        ):
            self._start(conn)
            return Changes(self.cursor, is_reset=True)
        found = Changes(self.cursor)
        for note in notes:
            if note.kind in FLAGS:
                found.flags.add(note.kind)
            elif note.run_id is None and note.dag_id is not None:
                found.dags.add(note.dag_id)
        names = {(n.dag_id, n.run_id) for n in notes if n.kind == "run" and n.dag_id and n.run_id}
        tasks = _task_states(events)
        for row in late:  # it is older than what was told before: what is true now must be read
            tasks[row.dag_run_id] = None
        for row in runs:
            tasks.setdefault(row.id, {})
        found.runs = _run_changes(conn, tasks, names)
        found.runs += [RunChange(n.dag_id, n.run_id, None, None) for n in deleted if n.run_id]
        return found


def _both(found: tuple[list[Row[Any]], list[Row[Any]]]) -> list[Row[Any]]:
    return found[0] + found[1]


def _task_states(events: Iterable[Row[Any]]) -> dict[int, _TaskStates | None]:
    """Return the last state of each task instance by run; no state of the run itself."""
    found: dict[int, _TaskStates | None] = {}
    for _, pk, task_id, map_index, to_state in map(tuple, events):
        states = found.setdefault(pk, {})
        if task_id is not None and states is not None:
            states[task_id, map_index] = to_state
    return found


def _run_changes(
    conn: Connection, tasks: dict[int, _TaskStates | None], names: set[tuple[str, str]]
) -> list[RunChange]:
    seen: dict[int, Any] = {}
    r = dag_run.c
    query = select(r.id, r.dag_id, r.run_id, r.state)
    for some in _chunks(sorted(tasks)):
        seen |= {row.id: row for row in conn.execute(query.where(r.id.in_(some)))}
    for some_names in _chunks(sorted(names)):
        which = or_(*(and_(r.dag_id == d, r.run_id == i) for d, i in some_names))
        # Whoever wrote a note on a task instance named only its run.
        for row in conn.execute(query.where(which)):
            seen[row.id], tasks[row.id] = row, None
    told = {pk: dict(states) for pk, states in tasks.items() if states is not None and pk in seen}
    _add_scheduled(conn, told)
    return [
        RunChange(row.dag_id, row.run_id, row.state, _listed(told.get(pk)))
        for pk, row in sorted(seen.items())
    ]


def _add_scheduled(conn: Connection, told: dict[int, _TaskStates]) -> None:
    """Add the instances that wait for a slot: their story has no event of that."""
    t = task_instance.c
    query = select(t.dag_run_id, t.task_id, t.map_index).where(
        t.state == TaskInstanceState.SCHEDULED
    )
    for some in _chunks(sorted(told)):
        rows = conn.execute(query.where(t.dag_run_id.in_(some)).limit(MAX_ROWS)).all()
        for pk, task_id, map_index in rows:
            if pk in told:
                told[pk][task_id, map_index] = TaskInstanceState.SCHEDULED
        if len(rows) == MAX_ROWS:
            for pk in some:
                told.pop(pk, None)


def _listed(states: _TaskStates | None) -> list[tuple[str, int, str | None]] | None:
    if states is None or len(states) > MAX_TASKS:
        return None
    return [(task_id, index, state) for (task_id, index), state in states.items()]


def _chunks(items: list[Any]) -> Iterable[list[Any]]:
    return (items[at : at + _IDS_PER_QUERY] for at in range(0, len(items), _IDS_PER_QUERY))
