"""Rebuild the machine of one stored run, as the scheduler does when it takes a run over."""

from __future__ import annotations

from datetime import datetime

from slipstream.command.past import satisfied_by_rows
from slipstream.errors import NotFound
from slipstream.machine.decision import Decision
from slipstream.machine.plan import DagPlan, compile_plan
from slipstream.machine.run import RunFacts, RunMachine
from slipstream.state import DagRunState, DagRunType
from slipstream.store import Connection, dag, machine_row
from slipstream.store.row import RunRow

_SHARED = (
    "run_id",
    "logical_date",
    "data_interval_start",
    "data_interval_end",
    "run_after",
    "queued_at",
    "start_date",
    "end_date",
    "clear_number",
    "dag_version_id",
    "conf",
)


def latest_plan(conn: Connection, dag_id: str) -> tuple[str, DagPlan]:
    """Return the id of the DAG's newest version and its plan; raise NotFound without one."""
    found = dag.latest_spec(conn, dag_id)
    if found is None:
        raise NotFound(f"DAG {dag_id!r} is not known: its file was never parsed, or is gone.")
    version_id, spec = found
    return version_id, compile_plan(spec)


def facts_of(row: RunRow, past_satisfied: frozenset[str] = frozenset()) -> RunFacts:
    """Return what the machine needs to know of a run's row and of the run before it."""
    values = {f: getattr(row, f) for f in _SHARED}
    return RunFacts(
        dag_run_pk=row.id,
        run_type=DagRunType(row.run_type),
        state=DagRunState(row.state),
        past_satisfied=past_satisfied,
        **values,
    )


def restore(conn: Connection, row: RunRow, now: datetime) -> tuple[RunMachine, Decision]:
    """Return the run's machine on the DAG's newest plan, and what restoring it decided.

    A run goes on with the newest version, as in Airflow 3 for bundles without versions.
    """
    _, plan = latest_plan(conn, row.dag_id)
    tis = machine_row.load(conn, row.id)
    facts = facts_of(row, satisfied_by_rows(conn, plan, row))
    if not tis:
        return RunMachine.new(plan, facts, now)
    return RunMachine.restore(plan, facts, tis, now)
