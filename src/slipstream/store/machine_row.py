"""What the machine reads of a run's task instances when a run is taken into memory."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, bindparam, func, not_, select

from slipstream.store.row import MACHINE, MachineRow
from slipstream.store.schema import task_instance as ti

_UNTOUCHED = MachineRow(
    task_id="",
    map_index=-1,
    state=None,
    try_number=0,
    max_tries=0,
    attempt_id=None,
    scheduled_at=None,
    queued_at=None,
    start_date=None,
    end_date=None,
    retry_at=None,
    reschedule_count=0,
    map_length=None,
    skips=None,
    deferral=None,
    hostname=None,
    pid=None,
)
"""A task instance as it was made, but for what is its own (``_OWN``)."""
_OWN = ("task_id", "map_index", "max_tries")


def _is(name: str, value: Any) -> ColumnElement[bool]:
    return ti.c[name].is_(None) if value is None else ti.c[name] == value


_IS_UNTOUCHED = and_(
    *(_is(name, value) for name, value in _UNTOUCHED._asdict().items() if name not in _OWN)
)
_OF_RUN = ti.c.dag_run_id == bindparam("pk")
_ALL = select(*MACHINE.columns).where(_OF_RUN)
_TOUCHED = _ALL.where(not_(_IS_UNTOUCHED))
_PLACE = func.row_number().over(
    partition_by=(ti.c.task_id, ti.c.max_tries), order_by=ti.c.map_index
)
# Within a row of consecutive map indexes, index and place grow together.
_NUMBERED = (
    select(ti.c.task_id, ti.c.max_tries, ti.c.map_index, (ti.c.map_index - _PLACE).label("block"))
    .where(_OF_RUN, _IS_UNTOUCHED)
    .subquery()
)
_BY_BLOCK = (_NUMBERED.c.task_id, _NUMBERED.c.max_tries, _NUMBERED.c.block)
_UNTOUCHED_RANGES = select(
    _NUMBERED.c.task_id,
    _NUMBERED.c.max_tries,
    func.min(_NUMBERED.c.map_index),
    func.max(_NUMBERED.c.map_index),
).group_by(*_BY_BLOCK)


def load(conn: Connection, pk: int, *, is_new: bool = False) -> list[MachineRow]:
    """Return what the machine reads of all task instances of a run, in no particular order.

    ``is_new`` says that most of them have not been touched since they were made: a mapped task's
    then come as ranges of map indexes, for a thousand rows cost a driver in Python 10 ms.
    """
    if not is_new:
        return MACHINE.all(conn.execute(_ALL, {"pk": pk}))
    rows = MACHINE.all(conn.execute(_TOUCHED, {"pk": pk}))
    for task_id, max_tries, first, last in conn.execute(_UNTOUCHED_RANGES, {"pk": pk}):
        of_task = _UNTOUCHED._replace(task_id=task_id, max_tries=max_tries)
        rows += [of_task._replace(map_index=index) for index in range(first, last + 1)]
    return rows
