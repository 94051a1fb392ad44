"""One run of a DAG, here and now, by a scheduler that cares for nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from slipstream.clock import SystemClock
from slipstream.command.offline import apply
from slipstream.command.order import mark_order
from slipstream.command.params import check_conf
from slipstream.command.restore import latest_plan
from slipstream.command.trigger import insert
from slipstream.errors import UserError
from slipstream.executors.base import Executor
from slipstream.machine.event import TIKey
from slipstream.scheduler.service import Scheduler
from slipstream.state import DagRunState, DagRunTriggeredByType, DagRunType, TaskInstanceState
from slipstream.store import Connection, Store, dag, run, task_instance
from slipstream.store.row import RunRow, TaskInstanceRow
from slipstream.store.run import NewRun
from slipstream.timetable import DataInterval
from slipstream.timetable.run_id import of_timetable

_TURN_S = 0.1
_STOP_S = 4.0
_ACTIVE = (DagRunState.QUEUED, DagRunState.RUNNING)


class OneRun:
    """A run under way; ``turn`` it until ``is_over``."""

    def __init__(self, store: Store, scheduler: Scheduler, row: RunRow) -> None:
        self._store = store
        self._scheduler = scheduler
        self.row = row
        self.tis: list[TaskInstanceRow] = []
        self.refresh()

    @property
    def is_over(self) -> bool:
        """Whether it has ended, and its callbacks have."""
        world = self._scheduler.world
        if world.callbacks_due or world.callbacks_out:
            return False
        return self.row.state not in _ACTIVE or self.row.quarantined is not None

    def turn(self) -> bool:
        """Work for a moment; tell whether anything may have changed."""
        return self._scheduler.turn(_TURN_S).wrote

    def refresh(self) -> None:
        """Read the run and its task instances."""
        with self._store.read() as conn:
            self.row = run.get_by_pk(conn, self.row.id) or self.row
            self.tis = task_instance.load_run(conn, self.row.id)


@contextmanager
def driver(store: Store, carriers: Mapping[str, Executor]) -> Iterator[Scheduler]:
    """Yield a scheduler for one run; its executors start meanwhile. Stop all at the end."""
    scheduler = Scheduler(store, carriers, only_run=True)
    scheduler.start()
    ok = False
    try:
        yield scheduler
        ok = True
    finally:
        scheduler.stop(deadline_s=_STOP_S, ok=ok)


def begin(
    store: Store,
    scheduler: Scheduler,
    dag_id: str,
    date: datetime | None,
    interval: DataInterval | None,
    conf: dict[str, Any],
    success_pattern: str | None,
    run_after: datetime | None = None,
) -> OneRun:
    """Create a run for the logical date ``date`` and give it to the scheduler.

    ``run_after`` is only told to the tasks: it runs now. A finished run with the same logical date is replaced. Raises UserError.
    """
    row = store.write(
        _create, dag_id, date, interval, conf, success_pattern, run_after, scheduler.id
    )
    with store.read() as conn:
        scheduler.world.catalog.refresh(conn, [dag_id])  # the file was read after its start
    scheduler.take(row)
    return OneRun(store, scheduler, row)


def abandon(store: Store, one: OneRun) -> None:
    """Fail a run that was interrupted, so that no scheduler goes on with it."""
    from slipstream.command import mark_run

    mark_run(
        store,
        SystemClock(),
        dag_id=one.row.dag_id,
        run_id=one.row.run_id,
        state=DagRunState.FAILED,
        by="dags test",
    )


def _create(
    conn: Connection,
    dag_id: str,
    date: datetime | None,
    interval: DataInterval | None,
    conf: dict[str, Any],
    success_pattern: str | None,
    run_after: datetime | None,
    owner: str,
) -> RunRow:
    now = SystemClock().now()
    found = dag.latest_spec(conn, dag_id)
    assert found is not None  # it was registered a moment ago
    version_id, spec = found
    check_conf(spec, conf)
    run_after = run_after or min(now, date or now)
    if date is not None:
        _replace(conn, run.get_by_logical_date(conn, dag_id, date))
    new = NewRun(
        dag_id=dag_id,
        run_id=of_timetable(DagRunType.MANUAL, date or run_after),
        run_type=DagRunType.MANUAL,
        logical_date=date,
        data_interval_start=interval.start if interval else None,
        data_interval_end=interval.end if interval else None,
        run_after=run_after,
        conf=conf,
        triggered_by=DagRunTriggeredByType.TEST,
        dag_version_id=version_id,
        owner=owner,
    )
    _, plan = latest_plan(conn, dag_id)
    _replace(conn, run.get(conn, dag_id, new.run_id))
    row = insert(conn, plan, new, now)
    keys = _matching(conn, row, success_pattern)
    if keys:
        state = TaskInstanceState.SUCCESS
        apply(conn, mark_order(dag_id, row.id, keys, state, by="dags test"), now)
    return run.get_by_pk(conn, row.id) or row


def _replace(conn: Connection, row: RunRow | None) -> None:
    if row is None:
        return
    if row.state in _ACTIVE:
        raise UserError(
            f"DAG {row.dag_id!r} has a run {row.run_id!r} under way (it is {row.state}): wait for "
            "its end, or choose another logical date."
        )
    run.delete(conn, row.id)


def _matching(conn: Connection, row: RunRow, pattern: str | None) -> list[TIKey]:
    if not pattern:
        return []
    try:
        expression = re.compile(pattern)
    except re.error as error:
        raise UserError(f"{pattern!r} is not a regular expression: {error}.") from error
    found = task_instance.load_run(conn, row.id)
    return [TIKey(ti.task_id, ti.map_index) for ti in found if expression.search(ti.task_id)]
