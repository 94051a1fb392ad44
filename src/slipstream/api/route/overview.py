"""Ours: everything at a glance, and the recent runs of many DAGs."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from slipstream.api.call import Viewer
from slipstream.api.present.live import run_ref
from slipstream.api.replies import replies
from slipstream.api.reply import Json
from slipstream.store.live import overview
from slipstream.store.live import run as runs

router = APIRouter(tags=["Slipstream"])

MAX_DAGS = 100
_N_SHOWN = 10


@router.get("/overview", responses=replies("OverviewResponse"))
def get_overview(call: Viewer, hours: Annotated[int, Query(ge=1, le=24 * 366)] = 24) -> Response:
    """Return what runs, what failed and what is next; ``runs`` and ``task_instances`` of ``hours``."""
    mine = call.readable_dags()
    since = call.clock.now() - timedelta(hours=hours)
    with call.store.read() as conn:
        return Json(
            {
                "dags": overview.dag_counts(conn, mine)._asdict(),
                "import_errors": overview.import_errors(conn, mine),
                "runs": overview.run_states(conn, since, mine),
                "task_instances": overview.task_states(conn, since, mine),
                "running": [
                    run_ref(r) for r in runs.newest_in_state(conn, "running", _N_SHOWN, mine)
                ],
                "failed": [
                    run_ref(r) for r in runs.newest_in_state(conn, "failed", _N_SHOWN, mine)
                ],
                "next": [n._asdict() for n in overview.next_runs(conn, _N_SHOWN, mine)],
                "slots": overview.slots(conn)._asdict(),
            }
        )


@router.get("/dags/~/recentRuns", responses=replies("RecentRunsResponse"))
def get_recent_runs(
    call: Viewer,
    dag_ids: Annotated[list[str], Query(max_length=MAX_DAGS)] = [],  # noqa: B006
    limit: Annotated[int, Query(ge=0, le=100)] = 14,
) -> Response:
    """Return the newest runs of up to a hundred DAGs, newest first; without ids, of the first."""
    mine = call.readable_dags()
    with call.store.read() as conn:
        if dag_ids:
            wanted = [d for d in dict.fromkeys(dag_ids) if mine is None or d in mine]
        else:
            wanted = overview.active_dag_ids(conn, MAX_DAGS, mine)
        found: dict[str, list[dict[str, Any]]] = {dag_id: [] for dag_id in wanted}
        for row in runs.recent(conn, wanted, limit):
            shown = row._asdict()
            found[shown.pop("dag_id")].append(shown)
    return Json({"dags": [{"dag_id": dag_id, "runs": each} for dag_id, each in found.items()]})
