"""Health, version and jobs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from slipstream import __version__
from slipstream.api.call import Server, Viewer
from slipstream.api.present import record as present
from slipstream.api.query import JobQuery, filters_of
from slipstream.api.replies import replies
from slipstream.api.reply import Json
from slipstream.config import conf
from slipstream.errors import StoreUnavailable
from slipstream.store import job
from slipstream.store.listing import Between, OneOf, record

router = APIRouter()
open_router = APIRouter()
"""What load balancers and clients ask before they have a login."""

COMPATIBLE_WITH = "3.3.2"
"""The Airflow whose API this is: clients and providers look at the version to know what to expect."""

_HEARTBEATS = (
    ("scheduler", "SchedulerJob"),
    ("triggerer", "TriggererJob"),
    ("dag_processor", "DagProcessorJob"),
)
_THRESHOLDS = {
    "scheduler": "scheduler_health_check_threshold",
    "triggerer": "triggerer_health_check_threshold",
    "dag_processor": "health_check_threshold",
}


@open_router.get("/version", tags=["Version"], responses=replies("VersionInfo"))
async def get_version() -> Response:
    """Return the Airflow version that this server is compatible with."""
    return Json({"version": COMPATIBLE_WITH, "git_version": f"slipstream:{__version__}"})


@open_router.get("/monitor/health", tags=["Monitor"], responses=replies("HealthInfoResponse"))
def get_health(request: Request) -> Response:
    """Say which parts are alive; 200 even when none is, as in Airflow."""
    server: Server = request.app.state.server
    now = server.clock.now()
    try:
        with server.store.read() as conn:
            latest = {kind: job.latest(conn, kind) for _, kind in _HEARTBEATS}
    except StoreUnavailable:
        latest = None
    health: dict[str, Any] = {
        "metadatabase": {"status": "unhealthy" if latest is None else "healthy"}
    }
    for part, kind in _HEARTBEATS:
        found = None if latest is None else latest[kind]
        # As Airflow: only the scheduler is missed when there never was one.
        status = "unhealthy" if part == "scheduler" or latest is None else None
        beat = None
        if found is not None:
            alive = _alive(found.state, found.heartbeat_at, now, part)
            status, beat = "healthy" if alive else "unhealthy", found.heartbeat_at.isoformat()
        health[part] = {"status": status, f"latest_{part}_heartbeat": beat}
    return Json(health)


def _alive(state: str, beat: datetime, now: datetime, part: str) -> bool:
    return state == "running" and now - beat < timedelta(seconds=_threshold_s(part))


def _threshold_s(part: str) -> float:
    return conf.getfloat(part, _THRESHOLDS[part], fallback=30.0)


@router.get("/jobs", tags=["Job"], responses=replies("JobCollectionResponse"))
def get_jobs(call: Viewer, query: Annotated[JobQuery, Query()]) -> Response:
    """List the long-running processes, alive and past."""
    filters = filters_of(query, skip=("is_alive",))
    if query.is_alive:
        since = call.clock.now() - timedelta(seconds=_threshold_s("scheduler"))
        filters += [OneOf("state", ("running",)), Between("latest_heartbeat", gte=since)]
    with call.store.read() as conn:
        page = record.jobs(conn, query.page(), filters)
    return Json({"jobs": [present.job(r) for r in page.rows], "total_entries": page.total})
