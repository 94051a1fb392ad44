"""Create a run that a person, an operator or a backfill asked for."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from slipstream import timetable
from slipstream.clock import Clock
from slipstream.command import custom_timetable
from slipstream.command.deliver import WAIT_S, deliver
from slipstream.command.order import Order
from slipstream.command.params import check_conf
from slipstream.command.restore import facts_of
from slipstream.config import conf as settings
from slipstream.errors import NotFound, UserError
from slipstream.machine.plan import DagPlan, compile_plan
from slipstream.machine.run import RunMachine
from slipstream.spec import DagSpec
from slipstream.state import DagRunTriggeredByType, DagRunType
from slipstream.store import Connection, Store, dag, decision, run, task_instance
from slipstream.store.row import RunRow
from slipstream.store.run import NewRun
from slipstream.timetable import DataInterval
from slipstream.timetable import run_id as run_ids

_RUN_ID = r"^(?:manual|scheduled|asset_triggered)__(?:\d{4}-\d{2}-\d{2}T.*)$"
_RUN_ID_LENGTH = 250
_DEFAULT_PATTERN = r"^[A-Za-z0-9_.~:+-]+$"


def trigger_run(
    store: Store,
    clock: Clock,
    *,
    dag_id: str,
    run_id: str | None = None,
    logical_date: datetime | None = None,
    data_interval: tuple[datetime, datetime] | None = None,
    run_after: datetime | None = None,
    conf: dict[str, Any] | None = None,
    note: str | None = None,
    triggered_by: DagRunTriggeredByType,
    user: str | None = None,
    run_type: DagRunType = DagRunType.MANUAL,
    backfill_id: int | None = None,
    wait_s: float = WAIT_S,
) -> RunRow:
    """Create a queued run and return its row, once the scheduler knows of it.

    ``logical_date`` None makes a run without one and without a data interval, as Airflow 3 does;
    with one, the data interval is inferred from the timetable unless given: from the logical
    date for a run asked for by REST, from ``run_after`` for any other. A run id that is not given
    is made of ``run_after``. ``conf`` is checked against the DAG's params.
    Raises NotFound (no such DAG), DuplicateRun, UserError (a bad argument).
    A timetable of the user's is asked by the DAG processor; then this may take as long as loading
    the DAG's file.
    """
    due = run_after or clock.now()
    by_date = triggered_by is DagRunTriggeredByType.REST_API
    infer_at = logical_date if by_date and logical_date else due
    # As Airflow 3: an interval belongs to a logical date.
    given = DataInterval(*data_interval) if data_interval and logical_date else None
    if given is not None and given.start > given.end:
        raise UserError("The data interval's end is before its start.")
    facts = custom_timetable.ask(
        store,
        clock,
        dag_id=dag_id,
        run_type=run_type,
        run_after=due,
        infer_at=infer_at if logical_date and given is None else None,
        data_interval=given,
        # As Airflow 3: what operators and backfills create is not named by timetables.
        wants_id=run_id is None and run_type is DagRunType.MANUAL,
    )

    def compose(conn: Connection) -> tuple[RunRow, list[Order]]:
        now = clock.now()
        found = dag.latest_spec(conn, dag_id)
        if found is None:
            raise NotFound(f"DAG {dag_id!r} does not exist.")
        version_id, spec = found
        plan = compile_plan(spec)
        _check_allowed(spec, run_type)
        check_conf(spec, conf)
        interval = given or facts.data_interval
        if interval is None and logical_date is not None:
            interval = _interval(spec, infer_at)
        new = NewRun(
            dag_id=dag_id,
            run_id=facts.run_id or _run_id(run_id, run_type, logical_date, due),
            run_type=run_type,
            logical_date=logical_date,
            data_interval_start=interval.start if interval else None,
            data_interval_end=interval.end if interval else None,
            run_after=due,
            conf=conf or {},
            note=note,
            triggered_by=triggered_by,
            triggering_user=user,
            dag_version_id=version_id,
            backfill_id=backfill_id,
        )
        return insert(conn, plan, new, now), [Order("run_created", dag_id)]

    return deliver(store, clock, compose, wait_s=wait_s)


def insert(conn: Connection, plan: DagPlan, new: NewRun, now: datetime) -> RunRow:
    """Insert a run and its task instances, without telling the scheduler."""
    row = run.create(conn, new, now, notify=False)
    if task_instance.states(conn, row.id):
        return row  # made by an earlier call, whose commit's answer was lost
    _, decided = RunMachine.new(plan, facts_of(row), now)
    decision.save(conn, [(row.id, decided)], [], now)
    return row


def _check_allowed(spec: DagSpec, run_type: DagRunType) -> None:
    allowed = spec.get("allowed_run_types")
    if allowed and run_type.value not in allowed:
        raise UserError(
            f"DAG {spec['dag_id']!r} does not allow {run_type.value} runs; "
            f"it allows {', '.join(allowed)}."
        )


def _run_id(
    given: str | None, run_type: DagRunType, logical_date: datetime | None, run_after: datetime
) -> str:
    if given is None:
        if run_type is DagRunType.MANUAL:
            return run_ids.of_timetable(run_type, run_after)
        return run_ids.generate(run_type, logical_date, run_after)
    pattern = settings.get("scheduler", "allowed_run_id_pattern", fallback=_DEFAULT_PATTERN)
    if len(given) > _RUN_ID_LENGTH:
        raise UserError(
            f"The run id {given[:40] + '…'!r} has {len(given)} characters: "
            f"{_RUN_ID_LENGTH} are the most."
        )
    if ".." in given:
        raise UserError(f"The run id {given!r} must not contain '..': it names a log folder.")
    if not re.match(pattern.strip(), given) and not re.match(_RUN_ID, given):
        raise UserError(
            f"The run id {given!r} does not match [scheduler] allowed_run_id_pattern {pattern!r}."
        )
    reserved = run_ids.run_type_of(given)
    if reserved not in (DagRunType.MANUAL, run_type):
        raise UserError(
            f"A {run_type.value} run cannot have the id {given!r}: "
            f"it is reserved for {reserved.value} runs."
        )
    return given


def _interval(spec: DagSpec, infer_at: datetime) -> DataInterval:
    if spec["timetable"]["type"] == timetable.CUSTOM:
        return DataInterval.exact(infer_at)  # the DAG was given this timetable a moment ago
    built = timetable.build(spec["timetable"], spec.get("timezone", "UTC"))
    return built.manual_interval(infer_at)
