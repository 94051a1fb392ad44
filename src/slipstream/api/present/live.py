"""Runs in the replies of the endpoints of our own."""

from __future__ import annotations

from typing import Any

from slipstream.api.present.run import seconds
from slipstream.store.live.run import RunSeen


def grid_run(row: RunSeen) -> dict[str, Any]:
    return {
        "run_id": row.run_id,
        "run_type": row.run_type,
        "state": row.state,
        "run_after": row.run_after,
        "logical_date": row.logical_date,
        "queued_at": row.queued_at,
        "start_date": row.start_date,
        "end_date": row.end_date,
        "duration": seconds(row.start_date, row.end_date),
        "has_note": row.has_note,
        "version_number": row.version_number,
        "triggering_user_name": row.triggering_user,
    }


def run_ref(row: RunSeen) -> dict[str, Any]:
    return {**grid_run(row), "dag_id": row.dag_id, "dag_display_name": row.dag_display_name}
