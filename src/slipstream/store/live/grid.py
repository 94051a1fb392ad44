"""The states of all task instances of some runs, a row for each state that a run's tasks are in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, case, func, select

from slipstream.store.listing.expression import Joined
from slipstream.store.schema import task_instance


class Cells(NamedTuple):
    """Tasks of a run that have an instance in the state."""

    dag_run_id: int
    state: str | None
    has_note: bool
    task_ids: list[str]


def cells(conn: Connection, run_pks: Sequence[int]) -> Iterator[Cells]:
    """Yield the tasks of these runs by run, state, and whether they carry a note.

    The instances of a mapped task count once for each state that some of them are in. The ids of
    a row come as one text: drivers take some microseconds for each row, and there are many.
    """
    if not run_pks:
        return
    ti = task_instance.c
    noted = func.max(case((ti.note.is_not(None), 1), else_=0)).label("noted")
    each = (
        select(ti.dag_run_id, ti.task_id, ti.state, noted)
        .where(ti.dag_run_id.in_(run_pks))
        .group_by(ti.dag_run_id, ti.task_id, ti.state)
        .subquery()
    )
    query = select(each.c.dag_run_id, each.c.state, each.c.noted, Joined(each.c.task_id)).group_by(
        each.c.dag_run_id, each.c.state, each.c.noted
    )
    for pk, state, has_note, ids in conn.execute(query):
        yield Cells(pk, state, bool(has_note), ids.split("\n"))
