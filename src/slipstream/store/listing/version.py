"""DAG versions: the list of a DAG's, and the columns that other listings show of one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from slipstream.store.codec import unpack
from slipstream.store.listing.filter import Fields, Filter, where
from slipstream.store.listing.page import Listing, Page, Window, listed
from slipstream.store.schema import dag, dag_version


class VersionListed(NamedTuple):
    id: str
    version_number: int
    dag_id: str
    bundle_name: str
    bundle_version: str | None
    created_at: datetime
    dag_display_name: str | None


COLUMNS = (
    dag_version.c.id,
    dag_version.c.version_number,
    dag_version.c.dag_id,
    dag_version.c.bundle_name,
    dag_version.c.bundle_version,
    dag_version.c.created_at,
)
"""The first six fields of ``VersionListed``, in its order."""

FIELDS: Fields = {
    "id": dag_version.c.id,
    "dag_id": dag_version.c.dag_id,
    "version_number": dag_version.c.version_number,
    "bundle_name": dag_version.c.bundle_name,
    "bundle_version": dag_version.c.bundle_version,
}
_LISTING = Listing(
    keys=(dag_version.c.id,),
    source=dag_version,
    shown=select(*COLUMNS, dag.c.display_name).select_from(
        dag_version.outerjoin(dag, dag.c.dag_id == dag_version.c.dag_id)
    ),
    sortable={n: FIELDS[n] for n in ("id", "version_number", "bundle_name", "bundle_version")},
    nullable=frozenset({"bundle_version"}),
)


def page(conn: Connection, window: Window, filters: Sequence[Filter] = ()) -> Page[VersionListed]:
    """Return a page of DAG versions. Fields: see ``FIELDS``."""
    return listed(
        conn, _LISTING, window, where(filters, FIELDS, conn.dialect.name), VersionListed._make
    )


def of_row(row: Sequence[Any], display_name: str | None) -> VersionListed | None:
    """Build a version from the six ``COLUMNS`` of an outer join; None if it matched nothing."""
    return None if row[0] is None else VersionListed._make((*row, display_name))


def specs(conn: Connection, version_ids: Iterable[str]) -> dict[str, Any]:
    """Return the DAG specs of these versions, by version id."""
    query = select(dag_version.c.id, dag_version.c.spec).where(
        dag_version.c.id.in_(list(version_ids))
    )
    return {version_id: unpack(packed) for version_id, packed in conn.execute(query)}


def get(conn: Connection, version_id: str) -> VersionListed | None:
    """Return one DAG version as the list shows it."""
    row = conn.execute(_LISTING.shown.where(dag_version.c.id == version_id)).one_or_none()
    return None if row is None else VersionListed._make(row)
