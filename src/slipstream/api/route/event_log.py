"""The audit log."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from slipstream.api.auth.words import READ
from slipstream.api.call import Call, Viewer
from slipstream.api.error import forbidden, not_found
from slipstream.api.present import record as present
from slipstream.api.query import BigInt, EventLogQuery, filters_of
from slipstream.api.replies import replies
from slipstream.api.reply import Json
from slipstream.store.listing import Between, Filter, NoneOf, OneOf, Window, record

router = APIRouter()


@router.get("/eventLogs", tags=["Event Log"], responses=replies("EventLogCollectionResponse"))
def get_event_logs(call: Viewer, query: Annotated[EventLogQuery, Query()]) -> Response:
    """List what people changed."""
    filters = filters_of(query, skip=("excluded_events", "included_events", "before", "after"))
    if query.excluded_events:
        filters.append(NoneOf("event", tuple(query.excluded_events)))
    if query.included_events:
        filters.append(OneOf("event", tuple(query.included_events)))
    if query.before is not None or query.after is not None:
        filters.append(Between("when", gt=query.after, lt=query.before))
    filters += _readable(call)
    with call.store.read() as conn:
        page = record.audit(conn, query.page(), filters)
    shown = [present.event_log(row) for row in page.rows]
    return Json({"event_logs": shown, "total_entries": page.total})


@router.get(
    "/eventLogs/{event_log_id}", tags=["Event Log"], responses=replies("EventLogResponse", 404)
)
def get_event_log(call: Viewer, event_log_id: BigInt) -> Response:
    """Return one entry."""
    with call.store.read() as conn:
        page = record.audit(conn, Window(1), [OneOf("id", (event_log_id,))])
    if not page.rows:
        raise not_found(f"There is no event log entry {event_log_id}.")
    row = page.rows[0]
    if row.dag_id is not None and not call.user.may_dag(READ, row.dag_id):
        raise forbidden()
    return Json(present.event_log(row))


def _readable(call: Call) -> list[Filter]:
    """Return the filter that leaves what is of no DAG, and of those that are readable."""
    ids = call.readable_dags()
    return [] if ids is None else [OneOf("dag_id", (None, *sorted(ids)))]
