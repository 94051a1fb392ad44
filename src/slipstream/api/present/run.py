"""DAG runs in replies."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from slipstream.api.present import version
from slipstream.store.listing.run import RunListed


def seconds(start: datetime | None, end: datetime | None) -> float | None:
    """Return the time from start to end in seconds, None while either is missing."""
    return None if start is None or end is None else (end - start).total_seconds()


def present(row: RunListed) -> dict[str, Any]:
    return {
        "dag_run_id": row.run_id,
        "dag_id": row.dag_id,
        "logical_date": row.logical_date,
        "queued_at": row.queued_at,
        "start_date": row.start_date,
        "end_date": row.end_date,
        "duration": seconds(row.start_date, row.end_date),
        "data_interval_start": row.data_interval_start,
        "data_interval_end": row.data_interval_end,
        "run_after": row.run_after,
        "last_scheduling_decision": None if row.start_date is None else row.updated_at,
        "run_type": row.run_type,
        "state": row.state,
        "triggered_by": row.triggered_by,
        "triggering_user_name": row.triggering_user,
        "conf": row.conf or {},
        "note": row.note,
        "dag_versions": [] if row.version is None else [version.present(row.version)],
        "bundle_version": None if row.version is None else row.version.bundle_version,
        "dag_display_name": row.dag_display_name or row.dag_id,
        "partition_key": row.partition_key,
        "partition_date": None,
    }
