"""What ``dags test`` shows while it runs: what the tasks say, and how far they are.

On a terminal that is a table, live, below what the tasks say; elsewhere a line for each change.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from slipstream.clock import utcnow
from slipstream.state import TaskInstanceState
from slipstream.store.row import TaskInstanceRow

if TYPE_CHECKING:
    from rich.table import Table

    from slipstream.cli.dags.follow import Said

_ROWS = 30
"""More task instances than this are counted; only those at work and those that failed are named."""
_COLOURS = {
    TaskInstanceState.SUCCESS: "green",
    TaskInstanceState.RUNNING: "cyan",
    TaskInstanceState.FAILED: "bold red",
    TaskInstanceState.UPSTREAM_FAILED: "yellow",
    TaskInstanceState.UP_FOR_RETRY: "yellow",
    TaskInstanceState.SKIPPED: "magenta",
}
_QUIET = frozenset({None, TaskInstanceState.SCHEDULED, TaskInstanceState.QUEUED})


class View(Protocol):
    def update(self, tis: Sequence[TaskInstanceRow], said: Iterable[Said] = ()) -> None: ...

    def close(self) -> None: ...


class Lines:
    """A line for each change of state, and for each that a task says; waiting is not told."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, int], tuple[str | None, int]] = {}
        self._begun: set[tuple[str, int, int]] = set()

    def update(self, tis: Sequence[TaskInstanceRow], said: Iterable[Said] = ()) -> None:
        # What a task says stands between its start and its end, whichever is heard of first.
        changed = [ti for ti in tis if self._is_new(ti)]
        for ti in changed:
            if ti.state == TaskInstanceState.RUNNING:
                self._begin(ti, ti.try_number)
        for each in said:
            self._begin(each.ti, each.try_number)
            print(f"{_name(each.ti)} | {each.line}", flush=True)
        for ti in changed:
            if ti.state not in (TaskInstanceState.RUNNING, *_QUIET):
                print(_line(ti), flush=True)

    def close(self) -> None: ...

    def _is_new(self, ti: TaskInstanceRow) -> bool:
        key, now = (ti.task_id, ti.map_index), (ti.state, ti.try_number)
        is_new = self._seen.get(key) != now
        self._seen[key] = now
        return is_new

    def _begin(self, ti: TaskInstanceRow, try_number: int) -> None:
        key = (ti.task_id, ti.map_index, try_number)
        if key not in self._begun:
            self._begun.add(key)
            print(f"{utcnow():%H:%M:%S} {_name(ti)}: running{_again(try_number)}", flush=True)


class Live:
    """A table that is drawn anew in place, below what the tasks say."""

    def __init__(self) -> None:
        # Takes a while to import, and only terminals need it.
        from rich.live import Live as RichLive

        self._live = RichLive(refresh_per_second=10, transient=False)
        self._tis: Sequence[TaskInstanceRow] = ()
        self._live.start()

    def update(self, tis: Sequence[TaskInstanceRow], said: Iterable[Said] = ()) -> None:
        from rich.text import Text

        for each in said:
            line = Text(f"{_name(each.ti)} | ", style="dim").append_text(Text.from_ansi(each.line))
            self._live.console.print(line, soft_wrap=True, highlight=False)
        self._tis = tis
        self._live.update(self._table())

    def close(self) -> None:
        self._live.update(self._table())
        self._live.stop()

    def _table(self) -> Table:
        from rich.table import Table
        from rich.text import Text

        now = utcnow()
        counts = Counter(ti.state or "waiting" for ti in self._tis)
        caption = ", ".join(f"{n} {state}" for state, n in counts.most_common())
        table = Table(caption=caption, caption_justify="left", min_width=len(caption))
        for name in ("task", "state", "try", "seconds"):
            table.add_column(name, justify="right" if name in ("try", "seconds") else "left")
        for ti in _named(self._tis):
            state = ti.state or "waiting"
            colour = _COLOURS.get(TaskInstanceState(ti.state), "") if ti.state else "dim"
            seconds = _seconds(ti, now)
            table.add_row(
                _name(ti),
                Text(state, style=colour),
                str(ti.try_number) if ti.try_number else "",
                "" if seconds is None else f"{seconds:.1f}",
            )
        return table


def _named(tis: Sequence[TaskInstanceRow]) -> list[TaskInstanceRow]:
    """Return the rows to show, in the order in which they started."""
    if len(tis) > _ROWS:
        interesting = ("running", "failed", "up_for_retry")
        tis = [ti for ti in tis if ti.state in interesting][:_ROWS]
    return sorted(tis, key=lambda ti: (ti.start_date is None, ti.start_date, ti.task_id))


def _line(ti: TaskInstanceRow) -> str:
    seconds = _seconds(ti, None)
    took = f" after {seconds:.2f} s" if seconds is not None else ""
    return f"{utcnow():%H:%M:%S} {_name(ti)}: {ti.state}{took}{_again(ti.try_number)}"


def _again(try_number: int) -> str:
    return f" (try {try_number})" if try_number > 1 else ""


def _name(ti: TaskInstanceRow) -> str:
    return f"{ti.task_id}[{ti.map_index}]" if ti.map_index >= 0 else ti.task_id


def _seconds(ti: TaskInstanceRow, now: datetime | None) -> float | None:
    """Return how long it took, or has been taking until ``now``; None when it has not begun."""
    if ti.start_date is None or (ti.end_date is None and now is None):
        return None
    end = ti.end_date or now
    assert end is not None
    return max(0.0, (end - ti.start_date).total_seconds())
