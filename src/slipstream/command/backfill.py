"""Backfills: a DAG's runs over a range of dates, made at once and started in order.

The runs are ordinary ones of type backfill that carry the backfill's id; they wait in a lane of
their own, with the backfill's limit. A date whose run is run again is cleared and joins the
backfill. All runs use the DAG's newest version.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple

from slipstream import timetable
from slipstream.clock import Clock
from slipstream.command import custom_timetable
from slipstream.command.custom_timetable import MAX_RUNS
from slipstream.command.deliver import WAIT_S, deliver
from slipstream.command.order import Order, clear_order, mark_run_order
from slipstream.command.params import check_conf
from slipstream.command.scope import instances
from slipstream.command.trigger import insert
from slipstream.errors import NotFound, UserError
from slipstream.machine import backfill as rules
from slipstream.machine.backfill import Reprocess
from slipstream.machine.plan import DagPlan, compile_plan
from slipstream.spec import DagSpec
from slipstream.state import DagRunState, DagRunTriggeredByType, DagRunType
from slipstream.store import Connection, Store, backfill, dag, run
from slipstream.store.backfill import NewBackfill
from slipstream.store.row import BackfillRow, RunRow
from slipstream.store.run import NewRun
from slipstream.timetable import NextRun
from slipstream.timetable import run_id as run_ids


class InvalidBackfill(UserError):
    """The DAG cannot be backfilled, or not like this."""


class _Wanted(NamedTuple):
    """What a backfill is asked for."""

    dag_id: str
    from_date: datetime
    to_date: datetime
    backwards: bool
    conf: dict[str, Any] | None
    reprocess: Reprocess


class NotAllowed(UserError):
    """The DAG's allowed_run_types lack backfills."""


class BackfillConflict(UserError):
    """Another backfill of the DAG is under way, or this one is over."""


def create(
    store: Store,
    clock: Clock,
    *,
    dag_id: str,
    from_date: datetime,
    to_date: datetime,
    max_active_runs: int = 10,
    backwards: bool = False,
    conf: dict[str, Any] | None = None,
    reprocess: Reprocess = Reprocess.NONE,
    user: str | None = None,
    wait_s: float = WAIT_S,
) -> BackfillRow:
    """Create a backfill and its runs, once the scheduler knows of them.

    Raises NotFound, InvalidBackfill, NotAllowed, BackfillConflict.
    """
    wanted = _Wanted(dag_id, from_date, to_date, backwards, conf, reprocess)
    by_custom = _runs_of_custom(store, clock, wanted)

    def compose(conn: Connection) -> tuple[BackfillRow, list[Order]]:
        now = clock.now()
        version_id, spec, plan = _the_dag(conn, dag_id)
        _check_free(conn, dag_id)
        _check(wanted, spec, plan, now)
        found = _runs(wanted, spec, by_custom, now)
        if not found:
            raise InvalidBackfill(
                f"The schedule of DAG {dag_id!r} has no run from {from_date} to {to_date}: "
                "choose a longer range."
            )
        new = NewBackfill(
            dag_id=dag_id,
            from_date=from_date,
            to_date=to_date,
            dag_run_conf=conf,
            reprocess_behavior=reprocess.value,
            max_active_runs=max_active_runs,
            runs_backwards=backwards,
            triggering_user=user,
        )
        row = backfill.create(conn, new, now)
        orders = [Order("run_created", dag_id)]
        n_made = 0
        for each in found:
            old = run.get_by_logical_date(conn, dag_id, each.logical_date)
            if not rules.is_wanted(old.state if old else None, reprocess):
                continue
            n_made += 1
            if old is None:
                insert(conn, plan, _new_run(row, each, version_id, user), now)
            else:
                orders.append(_run_again(conn, row, old, conf, user))
        if not n_made:
            backfill.complete(conn, row.id, now)
        return _the_backfill(conn, row.id), orders

    return deliver(store, clock, compose, wait_s=wait_s)


def preview(
    store: Store,
    clock: Clock,
    *,
    dag_id: str,
    from_date: datetime,
    to_date: datetime,
    backwards: bool = False,
    conf: dict[str, Any] | None = None,
    reprocess: Reprocess = Reprocess.NONE,
) -> list[NextRun]:
    """Return the runs that ``create`` would make; raises the same."""
    wanted = _Wanted(dag_id, from_date, to_date, backwards, conf, reprocess)
    by_custom = _runs_of_custom(store, clock, wanted)
    with store.read() as conn:
        now = clock.now()
        _, spec, plan = _the_dag(conn, dag_id)
        _check(wanted, spec, plan, now)
        found = _runs(wanted, spec, by_custom, now)
        return [
            each
            for each in found
            if rules.is_wanted(_state_on(conn, dag_id, each.logical_date), reprocess)
        ]


def _state_on(conn: Connection, dag_id: str, logical_date: datetime) -> str | None:
    row = run.get_by_logical_date(conn, dag_id, logical_date)
    return row.state if row is not None else None


def set_paused(
    store: Store, clock: Clock, id: int, paused: bool, *, wait_s: float = WAIT_S
) -> BackfillRow:
    """Hold the runs that have not started back, or let them go. Raises NotFound, BackfillConflict."""

    def compose(conn: Connection) -> tuple[BackfillRow, list[Order]]:
        row = _the_open_backfill(conn, id)
        if row.is_paused == paused:
            return row, []
        backfill.set_paused(conn, id, paused, clock.now())
        return _the_backfill(conn, id), [Order("dag_changed", row.dag_id)]

    return deliver(store, clock, compose, wait_s=wait_s)


def cancel(store: Store, clock: Clock, id: int, *, by: str, wait_s: float = WAIT_S) -> BackfillRow:
    """End a backfill: its queued runs fail, those that run go on. Raises NotFound, BackfillConflict."""

    def compose(conn: Connection) -> tuple[BackfillRow, list[Order]]:
        now = clock.now()
        row = _the_open_backfill(conn, id)
        backfill.set_paused(conn, id, True, now)
        backfill.complete(conn, id, now)
        orders = [
            mark_run_order(row.dag_id, pk, DagRunState.FAILED, by=by)
            for pk in backfill.queued_runs(conn, id)
        ]
        return _the_backfill(conn, id), [Order("dag_changed", row.dag_id), *orders]

    return deliver(store, clock, compose, wait_s=wait_s)


def _the_dag(conn: Connection, dag_id: str) -> tuple[str, DagSpec, DagPlan]:
    found = dag.latest_spec(conn, dag_id)
    if found is None:
        raise NotFound(f"There is no DAG {dag_id!r}.")
    version_id, spec = found
    return version_id, spec, compile_plan(spec)


def _the_backfill(conn: Connection, id: int) -> BackfillRow:
    row = backfill.get(conn, id)
    if row is None:
        raise NotFound(f"There is no backfill {id}.")
    return row


def _the_open_backfill(conn: Connection, id: int) -> BackfillRow:
    row = _the_backfill(conn, id)
    if row.completed_at is not None:
        raise BackfillConflict(f"Backfill {id} is over: start another one.")
    return row


def _check_free(conn: Connection, dag_id: str) -> None:
    if backfill.active_of(conn, dag_id) is not None:
        raise BackfillConflict(
            f"DAG {dag_id!r} is being backfilled already: wait for its end, or cancel it."
        )


def _check(wanted: _Wanted, spec: DagSpec, plan: DagPlan, now: datetime) -> None:
    """Raise unless the DAG may be backfilled so."""
    allowed = spec.get("allowed_run_types")
    if allowed and DagRunType.BACKFILL.value not in allowed:
        raise NotAllowed(
            f"DAG {wanted.dag_id!r} allows no backfills: its allowed_run_types are "
            f"{', '.join(allowed)}."
        )
    against = rules.objection(
        plan,
        from_date=wanted.from_date,
        to_date=wanted.to_date,
        backwards=wanted.backwards,
        reprocess=wanted.reprocess,
        now=now,
    )
    if against is not None:
        raise InvalidBackfill(against)
    if wanted.conf is not None:
        try:
            check_conf(spec, wanted.conf)
        except UserError as error:
            raise InvalidBackfill(str(error)) from error


def _runs_of_custom(store: Store, clock: Clock, wanted: _Wanted) -> list[NextRun] | None:
    """Return the runs of the range by a timetable of the user's; None if the DAG's is built in.

    The DAG processor is asked for them, which takes as long as loading the DAG's file; so what
    speaks against the backfill is told first.
    """
    with store.read() as conn:
        _, spec, plan = _the_dag(conn, wanted.dag_id)
        if spec["timetable"]["type"] != timetable.CUSTOM:
            return None
        _check(wanted, spec, plan, clock.now())
    try:
        found = custom_timetable.runs_between(
            store,
            clock,
            dag_id=wanted.dag_id,
            earliest=wanted.from_date,
            latest=wanted.to_date,
        )
    except UserError as error:
        raise InvalidBackfill(str(error)) from error
    if found is None:
        raise _not_periodic(wanted.dag_id)
    return found


def _runs(
    wanted: _Wanted, spec: DagSpec, by_custom: list[NextRun] | None, now: datetime
) -> Sequence[NextRun]:
    """Return the runs of the range in the order in which they start."""
    found: Iterable[NextRun]
    if spec["timetable"]["type"] == timetable.CUSTOM:
        if by_custom is None:
            raise InvalidBackfill(f"The schedule of {wanted.dag_id} has just changed: try again.")
        found = by_custom
    else:
        built = timetable.build(spec["timetable"], spec.get("timezone", "UTC"))
        if not built.periodic:
            raise _not_periodic(wanted.dag_id)
        due = built.runs_between(wanted.from_date, min(wanted.to_date, now), now)
        # All runs are made in one transaction: a year that was mistyped would hold it for minutes.
        found = list(islice(due, MAX_RUNS + 1))
        if len(found) > MAX_RUNS:
            raise InvalidBackfill(
                f"From {wanted.from_date} to {wanted.to_date} the schedule of DAG "
                f"{wanted.dag_id!r} has more than {MAX_RUNS:,} runs, the most that one backfill "
                "makes: choose a shorter range."
            )
    return rules.in_order(found, now, backwards=wanted.backwards)


def _not_periodic(dag_id: str) -> InvalidBackfill:
    return InvalidBackfill(
        f"DAG {dag_id!r} does not run by dates, so no past runs can be made for it."
    )


def _new_run(row: BackfillRow, due: NextRun, version_id: str, user: str | None) -> NewRun:
    return NewRun(
        dag_id=row.dag_id,
        run_id=run_ids.generate(DagRunType.BACKFILL, due.logical_date, due.run_after),
        run_type=DagRunType.BACKFILL,
        logical_date=due.logical_date,
        data_interval_start=due.data_interval.start,
        data_interval_end=due.data_interval.end,
        run_after=due.run_after,
        conf=row.dag_run_conf,
        triggered_by=DagRunTriggeredByType.BACKFILL,
        triggering_user=user,
        dag_version_id=version_id,
        backfill_id=row.id,
    )


def _run_again(
    conn: Connection, row: BackfillRow, old: RunRow, conf: dict[str, Any] | None, user: str | None
) -> Order:
    """Let a finished run join the backfill, and return the order that clears it."""
    run.join_backfill(conn, old.id, row.id, conf)
    by = user or "a backfill"
    return clear_order(row.dag_id, old.id, instances(conn, old.id), reset_run=True, by=by)
