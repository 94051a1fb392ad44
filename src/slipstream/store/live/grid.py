"""The states of all task instances of some runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, String, case, func, literal, select, type_coerce

from slipstream.store.listing.expression import Joined
from slipstream.store.schema import task_instance

_SEPARATOR = "\t"
_NOTED = "*"


class Cells(NamedTuple):
    """Tasks of a run that have an instance in the state."""

    dag_run_id: int
    state: str | None
    has_note: bool
    task_ids: list[str]


def cells(conn: Connection, run_pks: Sequence[int]) -> Iterator[Cells]:
    """Yield the tasks of these runs by run, state, and whether they carry a note.

    A run is one row of one text: drivers take some microseconds for each row, and there are
    60,000; as the rows are read in the order of their key, none is sorted either. The instances
    of a mapped task, of which there can be as many again, count once for each of their states.
    """
    if not run_pks:
        return
    t = task_instance.c
    noted = case((t.note.is_not(None), _NOTED), else_="")
    state = func.coalesce(type_coerce(t.state, String), "")
    of_runs = t.dag_run_id.in_(run_pks)
    line = state + noted + literal(_SEPARATOR) + type_coerce(t.task_id, String)
    query = select(t.dag_run_id, Joined(line)).where(of_runs, t.map_index < 0)
    for pk, text in conn.execute(query.group_by(t.dag_run_id)):
        found: dict[str, list[str]] = {}
        for each in text.split("\n"):
            mark, _, task_id = each.partition(_SEPARATOR)
            found.setdefault(mark, []).append(task_id)
        for mark, task_ids in found.items():
            yield Cells(pk, mark.rstrip(_NOTED) or None, mark.endswith(_NOTED), task_ids)
    mapped = (
        select(t.dag_run_id, t.task_id, t.state, func.max(case((t.note.is_not(None), 1), else_=0)))
        .where(of_runs, t.map_index >= 0)
        .group_by(t.dag_run_id, t.task_id, t.state)
    )
    for pk, task_id, task_state, has_note in conn.execute(mapped):
        yield Cells(pk, task_state, bool(has_note), [task_id])
