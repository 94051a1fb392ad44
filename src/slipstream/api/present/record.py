"""Import errors, warnings, jobs, the audit log and backfills in replies."""

from __future__ import annotations

import json
import uuid
from typing import Any

from slipstream.store.listing.record import (
    AuditListed,
    BackfillListed,
    ImportErrorListed,
    JobListed,
    WarningListed,
)


def import_error(row: ImportErrorListed) -> dict[str, Any]:
    return {
        "import_error_id": row.id,
        "timestamp": row.timestamp,
        "filename": row.filename,
        "bundle_name": row.bundle_name,
        "stack_trace": row.stacktrace,
    }


def job_number(job_id: str) -> int:
    """Return an integer for a job's UUID, which clients expect: its time and a bit of chance.

    Fits the 53 bits that JavaScript can count to, until the year 2109, and grows with time.
    """
    value = uuid.UUID(job_id).int
    return (value >> 80) << 11 | (value & 0x7FF)


def job(row: JobListed) -> dict[str, Any]:
    return {
        "id": job_number(row.id),
        "dag_id": None,
        "state": row.state,
        "job_type": row.job_type,
        "start_date": row.started_at,
        "end_date": row.ended_at,
        "latest_heartbeat": row.heartbeat_at,
        "executor_class": row.executor,
        "hostname": row.hostname,
        "unixname": row.unixname,
        "dag_display_name": None,
    }


def event_log(row: AuditListed) -> dict[str, Any]:
    return {
        "event_log_id": row.id,
        "when": row.when,
        "dag_id": row.dag_id,
        "task_id": row.task_id,
        "run_id": row.run_id,
        "map_index": row.map_index,
        "try_number": row.try_number,
        "event": row.event,
        "logical_date": row.logical_date,
        "owner": row.owner,
        "extra": row.extra,
        "dag_display_name": row.dag_display_name or row.dag_id,
        "task_display_name": row.task_id,
    }


def warning(row: WarningListed) -> dict[str, Any]:
    return {
        "dag_id": row.dag_id,
        "warning_type": row.warning_type,
        "message": row.message,
        "timestamp": row.timestamp,
        "dag_display_name": row.dag_display_name or row.dag_id,
    }


def backfill(row: BackfillListed) -> dict[str, Any]:
    return {
        "id": row.id,
        "dag_id": row.dag_id,
        "from_date": row.from_date,
        "to_date": row.to_date,
        "dag_run_conf": json.loads(row.dag_run_conf or "null") or None,
        "is_paused": row.is_paused,
        "reprocess_behavior": row.reprocess_behavior,
        "max_active_runs": row.max_active_runs,
        "created_at": row.created_at,
        "completed_at": row.completed_at,
        "updated_at": row.updated_at,
        "dag_display_name": row.dag_display_name or row.dag_id,
    }
