"""DAGs: the list page and everything it can be filtered and ordered by."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from slipstream.store.listing.expression import matches
from slipstream.store.listing.filter import Between, Fields, Filter, where
from slipstream.store.listing.page import Listing, Page, Window, listed
from slipstream.store.schema import dag, dag_favorite, dag_run, dag_tag


class DagListed(NamedTuple):
    dag_id: str
    display_name: str | None
    description: str | None
    owners: str
    is_paused: bool
    is_stale: bool
    bundle_name: str
    bundle_version: str | None
    relative_fileloc: str
    fileloc: str
    last_parsed_at: datetime | None
    parse_duration_s: float | None
    timetable_summary: str | None
    timetable_description: str | None
    has_custom_timetable: bool
    max_active_tasks: int
    max_active_runs: int
    max_consecutive_failed_dag_runs: int
    has_import_errors: bool
    next_logical_date: datetime | None
    next_data_interval_start: datetime | None
    next_data_interval_end: datetime | None
    next_run_after: datetime | None
    latest_version_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DagFilter:
    """Conditions on what belongs to a DAG: its tags, owners and runs."""

    tags: tuple[str, ...] = ()
    all_tags: bool = False
    owners: tuple[str, ...] = ()
    last_run_state: str | None = None
    run_states: tuple[str, ...] = ()
    run_dates: tuple[Between, ...] = ()
    """On ``start_date`` and ``end_date`` of any one of the DAG's runs."""
    favorite_of: str | None = None
    """A person, whose favorites alone are wanted."""
    not_favorite_of: str | None = None


def _of_last_run(column: ColumnElement[Any]) -> ColumnElement[Any]:
    return (
        select(column)
        .where(dag_run.c.dag_id == dag.c.dag_id)
        .order_by(dag_run.c.run_after.desc(), dag_run.c.id.desc())
        .limit(1)
        .correlate(dag)
        .scalar_subquery()
    )


_LAST_STATE = _of_last_run(dag_run.c.state)
_LAST_START = _of_last_run(dag_run.c.start_date)
_DISPLAY_NAME = func.coalesce(dag.c.display_name, dag.c.dag_id)

FIELDS: Fields = {
    "dag_id": dag.c.dag_id,
    "dag_display_name": _DISPLAY_NAME,
    "is_paused": dag.c.is_paused,
    "is_stale": dag.c.is_stale,
    "has_import_errors": dag.c.has_import_errors,
    "bundle_name": dag.c.bundle_name,
    "bundle_version": dag.c.bundle_version,
    "timetable_type": func.coalesce(dag.c.timetable_type, ""),  # none before its next parse
}
ASSET_TIMETABLES = ("AssetTriggeredTimetable", "AssetOrTimeSchedule")
_LISTING = Listing(
    keys=(dag.c.dag_id,),
    source=dag,
    shown=select(*(dag.c[name] for name in DagListed._fields)),
    sortable={
        "dag_id": dag.c.dag_id,
        "dag_display_name": _DISPLAY_NAME,
        "next_dagrun": dag.c.next_run_after,
        "state": _LAST_STATE,
        "last_run_state": _LAST_STATE,
        "start_date": _LAST_START,
        "last_run_start_date": _LAST_START,
    },
    nullable=frozenset(
        {"next_dagrun", "state", "last_run_state", "start_date", "last_run_start_date"}
    ),
)


def page(
    conn: Connection,
    window: Window,
    filters: Sequence[Filter] = (),
    belongings: DagFilter | None = None,
) -> Page[DagListed]:
    """Return a page of DAGs. Fields: see ``FIELDS``."""
    clauses = where(filters, FIELDS, conn.dialect.name)
    if belongings is not None:
        clauses += _belongings(belongings, conn.dialect.name)
    return listed(conn, _LISTING, window, clauses, DagListed._make)


def ids(
    conn: Connection, filters: Sequence[Filter], belongings: DagFilter, limit: int, offset: int
) -> list[str]:
    """Return the ids, in order, of the DAGs that satisfy the filters."""
    clauses = where(filters, FIELDS, conn.dialect.name)
    clauses += _belongings(belongings, conn.dialect.name)
    query = select(dag.c.dag_id).where(*clauses).order_by(dag.c.dag_id)
    return list(conn.execute(query.limit(limit).offset(offset)).scalars())


def get(conn: Connection, dag_id: str) -> DagListed | None:
    """Return one DAG as the list shows it."""
    row = conn.execute(_LISTING.shown.where(dag.c.dag_id == dag_id)).one_or_none()
    return None if row is None else DagListed._make(row)


def exists(conn: Connection, dag_id: str) -> bool:
    """Say whether a DAG of this id is known."""
    return conn.execute(select(dag.c.dag_id).where(dag.c.dag_id == dag_id)).first() is not None


def tags(conn: Connection, dag_ids: Sequence[str]) -> dict[str, list[str]]:
    """Return the tags, by name, of these DAGs; a DAG without tags is absent."""
    if not dag_ids:
        return {}
    query = select(dag_tag.c.dag_id, dag_tag.c.name).where(dag_tag.c.dag_id.in_(dag_ids))
    found: dict[str, list[str]] = {}
    for dag_id, name in conn.execute(query.order_by(dag_tag.c.dag_id, dag_tag.c.name)).all():
        found.setdefault(dag_id, []).append(name)
    return found


def all_tags(
    conn: Connection,
    window: Window,
    filters: Sequence[Filter] = (),
    dag_ids: Collection[str] | None = None,
) -> Page[str]:
    """Return a page of the distinct tag names of all DAGs, or of some. Field and order: ``name``."""
    names = select(dag_tag.c.name)
    if dag_ids is not None:
        names = names.where(dag_tag.c.dag_id.in_(sorted(dag_ids)))
    distinct = names.distinct().subquery("tag")
    fields: Fields = {"name": distinct.c.name}
    listing = Listing(
        keys=(distinct.c.name,), source=distinct, shown=select(distinct.c.name), sortable=fields
    )
    clauses = where(filters, fields, conn.dialect.name)
    return listed(conn, listing, window, clauses, lambda row: str(row[0]))


def run_counts(conn: Connection, dag_ids: Sequence[str] | None) -> dict[str, dict[str, int]]:
    """Return how many runs of each state every DAG has: of these DAGs, or of all with runs."""
    query = select(dag_run.c.dag_id, dag_run.c.state, func.count())
    query = query.join(dag, dag.c.dag_id == dag_run.c.dag_id)
    if dag_ids is not None:
        query = query.where(dag_run.c.dag_id.in_(dag_ids))
    found: dict[str, dict[str, int]] = {}
    for dag_id, state, n in conn.execute(
        query.group_by(dag_run.c.dag_id, dag_run.c.state).order_by(dag_run.c.dag_id)
    ):
        found.setdefault(dag_id, {})[state] = n
    return found


def display_names(conn: Connection, dag_ids: Sequence[str]) -> dict[str, str]:
    """Return the display names of these DAGs; of those that exist."""
    query = select(dag.c.dag_id, _DISPLAY_NAME).where(dag.c.dag_id.in_(dag_ids))
    return {dag_id: str(name) for dag_id, name in conn.execute(query)}


def _belongings(given: DagFilter, dialect: str) -> list[ColumnElement[bool]]:
    clauses: list[ColumnElement[bool]] = []
    if given.tags:
        tagged = [
            select(dag_tag.c.dag_id)
            .where(dag_tag.c.dag_id == dag.c.dag_id, dag_tag.c.name == name)
            .exists()
            for name in given.tags
        ]
        clauses.append(and_(*tagged) if given.all_tags else or_(*tagged))
    if given.owners:
        clauses.append(or_(*(matches(dag.c.owners, owner) for owner in given.owners)))
    if given.favorite_of is not None:
        clauses.append(_is_favorite_of(given.favorite_of))
    if given.not_favorite_of is not None:
        clauses.append(~_is_favorite_of(given.not_favorite_of))
    if given.last_run_state is not None:
        clauses.append(_LAST_STATE.in_([given.last_run_state]))
    if given.run_states or given.run_dates:
        fields: Fields = {"start_date": dag_run.c.start_date, "end_date": dag_run.c.end_date}
        of_run = where(given.run_dates, fields, dialect)
        if given.run_states:
            of_run.append(dag_run.c.state.in_(given.run_states))
        runs = select(dag_run.c.id).where(dag_run.c.dag_id == dag.c.dag_id, *of_run)
        clauses.append(runs.correlate(dag).exists())
    return clauses


def _is_favorite_of(user_name: str) -> ColumnElement[bool]:
    marked = dag_favorite.c.user_name == user_name, dag_favorite.c.dag_id == dag.c.dag_id
    return select(dag_favorite.c.dag_id).where(*marked).correlate(dag).exists()
