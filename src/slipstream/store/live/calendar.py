"""How many runs of a DAG there were on each day, or in each hour, by state."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from slipstream.store.listing.expression import UtcText
from slipstream.store.listing.run import CALENDAR_DATE
from slipstream.store.schema import dag_run


class Counted(NamedTuple):
    at: datetime
    """When the day or hour begins, in UTC."""
    state: str
    n: int


def count(
    conn: Connection,
    dag_id: str,
    *,
    hourly: bool,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[Counted]:
    """Count a DAG's runs by ``CALENDAR_DATE``, which lists of runs can be filtered by, too."""
    at = CALENDAR_DATE
    each = select(
        func.substr(UtcText(at), 1, 13 if hourly else 10).label("at"), dag_run.c.state
    ).where(dag_run.c.dag_id == dag_id)
    if since is not None:
        each = each.where(at >= since)
    if until is not None:
        each = each.where(at <= until)
    found = each.subquery()
    query = (
        select(found.c.at, found.c.state, func.count())
        .group_by(found.c.at, found.c.state)
        .order_by(found.c.at, found.c.state)
    )
    form = "%Y-%m-%d %H" if hourly else "%Y-%m-%d"
    return [
        Counted(datetime.strptime(text, form).replace(tzinfo=UTC), state, n)
        for text, state, n in conn.execute(query)
    ]
