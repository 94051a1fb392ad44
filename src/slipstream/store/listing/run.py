"""DAG runs: of one DAG or of all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, func, select

from slipstream.store.codec import load_or_none
from slipstream.store.listing import version
from slipstream.store.listing.expression import SecondsBetween
from slipstream.store.listing.filter import Fields, Filter, where
from slipstream.store.listing.page import Listing, Page, Window, listed
from slipstream.store.listing.version import VersionListed
from slipstream.store.schema import dag, dag_run, dag_version


class RunListed(NamedTuple):
    id: int
    dag_id: str
    run_id: str
    run_type: str
    state: str
    logical_date: datetime | None
    data_interval_start: datetime | None
    data_interval_end: datetime | None
    run_after: datetime
    queued_at: datetime
    start_date: datetime | None
    end_date: datetime | None
    conf: dict[str, Any] | None
    note: str | None
    triggered_by: str | None
    triggering_user: str | None
    partition_key: str | None
    updated_at: datetime
    dag_display_name: str | None
    version: VersionListed | None


_OWN = RunListed._fields[:-2]
CALENDAR_DATE = func.coalesce(dag_run.c.logical_date, dag_run.c.run_after)
"""Where the calendar has a run. As Airflow 3, that is its logical date; but there, a run that was
triggered without one is on no day at all, and whoever looks for it does not find it."""
_DURATION = SecondsBetween(dag_run.c.start_date, dag_run.c.end_date)


def _of_version(column: ColumnElement[Any]) -> ColumnElement[Any]:
    query = select(column).where(dag_version.c.id == dag_run.c.dag_version_id)
    return query.correlate(dag_run).scalar_subquery()


FIELDS: Fields = {
    **{name: dag_run.c[name] for name in _OWN},
    "dag_run_id": dag_run.c.run_id,
    "triggering_user_name": dag_run.c.triggering_user,
    "duration": _DURATION,
    "calendar_date": CALENDAR_DATE,
    "dag_version": _of_version(dag_version.c.version_number),
    "bundle_version": _of_version(dag_version.c.bundle_version),
}
_SORTABLE = (
    *("id", "state", "dag_id", "run_id", "logical_date", "run_after", "start_date", "end_date"),
    *("updated_at", "conf", "duration", "dag_run_id"),
)
_LISTING = Listing(
    keys=(dag_run.c.id,),
    source=dag_run,
    shown=select(
        *(dag_run.c[name] for name in _OWN), dag.c.display_name, *version.COLUMNS
    ).select_from(
        dag_run.outerjoin(dag, dag.c.dag_id == dag_run.c.dag_id).outerjoin(
            dag_version, dag_version.c.id == dag_run.c.dag_version_id
        )
    ),
    sortable={name: FIELDS[name] for name in _SORTABLE},
    nullable=frozenset({"logical_date", "start_date", "end_date", "conf", "duration"}),
)
_CONF = _OWN.index("conf")


def _listed(row: Row[Any]) -> RunListed:
    values = list(row[: len(_OWN)])
    values[_CONF] = load_or_none(values[_CONF])
    display_name = row[len(_OWN)]
    edge = len(_OWN) + 1
    found = version.of_row(row[edge : edge + len(version.COLUMNS)], display_name)
    return RunListed._make((*values, display_name, found))


def page(
    conn: Connection,
    window: Window,
    filters: Sequence[Filter] = (),
    *,
    conf_contains: str | None = None,
) -> Page[RunListed]:
    """Return a page of DAG runs. Fields: see ``FIELDS``; ``conf_contains`` is a part of its JSON."""
    clauses = where(filters, FIELDS, conn.dialect.name)
    if conf_contains:
        clauses.append(dag_run.c.conf.contains(conf_contains, autoescape=True))
    return listed(conn, _LISTING, window, clauses, _listed)


def get(conn: Connection, dag_id: str, run_id: str) -> RunListed | None:
    """Return one run as the list shows it."""
    query = _LISTING.shown.where(dag_run.c.dag_id == dag_id, dag_run.c.run_id == run_id)
    row = conn.execute(query).one_or_none()
    return None if row is None else _listed(row)
