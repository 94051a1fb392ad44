"""XCom entries: of a task instance, of a run, or of all. Values are left out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from slipstream.store.listing.filter import Fields, Filter, where
from slipstream.store.listing.page import Listing, Page, Window, listed
from slipstream.store.schema import dag, dag_run, task_instance, xcom


class XComListed(NamedTuple):
    key: str
    created_at: datetime
    logical_date: datetime | None
    map_index: int
    task_id: str
    dag_id: str
    run_id: str
    dag_display_name: str | None
    run_after: datetime
    dag_version_id: str | None


FIELDS: Fields = {
    "key": xcom.c.key,
    "xcom_key": xcom.c.key,
    "map_index": xcom.c.map_index,
    "map_index_filter": xcom.c.map_index,
    "task_id": xcom.c.task_id,
    "dag_id": dag_run.c.dag_id,
    "run_id": dag_run.c.run_id,
    "dag_display_name": func.coalesce(dag.c.display_name, dag.c.dag_id),
    "logical_date": dag_run.c.logical_date,
    "run_after": dag_run.c.run_after,
    "timestamp": xcom.c.created_at,
}
_SOURCE = xcom.join(dag_run, dag_run.c.id == xcom.c.dag_run_id).outerjoin(
    dag, dag.c.dag_id == dag_run.c.dag_id
)
_LISTING = Listing(
    keys=(xcom.c.dag_run_id, xcom.c.task_id, xcom.c.map_index, xcom.c.key),
    source=_SOURCE,
    shown=select(
        xcom.c.key,
        xcom.c.created_at,
        dag_run.c.logical_date,
        xcom.c.map_index,
        xcom.c.task_id,
        dag_run.c.dag_id,
        dag_run.c.run_id,
        dag.c.display_name,
        dag_run.c.run_after,
        task_instance.c.dag_version_id,
    ).select_from(
        _SOURCE.outerjoin(
            task_instance,
            (task_instance.c.dag_run_id == xcom.c.dag_run_id)
            & (task_instance.c.task_id == xcom.c.task_id)
            & (task_instance.c.map_index == xcom.c.map_index),
        )
    ),
    sortable={
        name: FIELDS[name]
        for name in ("key", "dag_id", "run_id", "task_id", "map_index", "timestamp", "run_after")
    },
)


def page(conn: Connection, window: Window, filters: Sequence[Filter] = ()) -> Page[XComListed]:
    """Return a page of XCom entries. Fields: see ``FIELDS``."""
    return listed(
        conn, _LISTING, window, where(filters, FIELDS, conn.dialect.name), XComListed._make
    )


def get(
    conn: Connection, dag_id: str, run_id: str, task_id: str, map_index: int, key: str
) -> tuple[XComListed, str | None] | None:
    """Return one entry as the list shows it, and its value as JSON."""
    row = conn.execute(
        _LISTING.shown.add_columns(xcom.c.value).where(
            dag_run.c.dag_id == dag_id,
            dag_run.c.run_id == run_id,
            xcom.c.task_id == task_id,
            xcom.c.map_index == map_index,
            xcom.c.key == key,
        )
    ).one_or_none()
    return None if row is None else (XComListed._make(row[:-1]), row[-1])
