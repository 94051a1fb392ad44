"""DAGs in replies: in lists, and in detail."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from slipstream.api.file_token import FileTokens
from slipstream.api.present import version
from slipstream.api.present.task import present_params
from slipstream.api.version_facts import Facts
from slipstream.spec import DagSpec
from slipstream.store.listing.dag import DagListed
from slipstream.store.listing.version import VersionListed


def owners_of(text: str) -> list[str]:
    """Return the owners of the column's comma-separated text."""
    return [name for part in text.split(",") if (name := part.strip())]


def present(
    row: DagListed, tags: Sequence[str], facts: Facts, tokens: FileTokens
) -> dict[str, Any]:
    name = row.display_name or row.dag_id
    return {
        "dag_id": row.dag_id,
        "dag_display_name": name,
        "is_paused": row.is_paused,
        "is_stale": row.is_stale,
        "last_parsed_time": row.last_parsed_at,
        "last_parse_duration": row.parse_duration_s,
        "last_expired": None,
        "bundle_name": row.bundle_name,
        "bundle_version": row.bundle_version,
        "relative_fileloc": row.relative_fileloc,
        "fileloc": row.fileloc,
        "description": row.description,
        # As Airflow: a DAG that is never scheduled has no summary, though its timetable has.
        "timetable_summary": None if row.timetable_summary == "None" else row.timetable_summary,
        "timetable_description": row.timetable_description,
        "timetable_partitioned": False,
        "timetable_periodic": facts.is_periodic,
        "tags": [{"name": t, "dag_id": row.dag_id, "dag_display_name": name} for t in tags],
        "max_active_tasks": row.max_active_tasks,
        "max_active_runs": row.max_active_runs,
        "max_consecutive_failed_dag_runs": row.max_consecutive_failed_dag_runs,
        "has_task_concurrency_limits": facts.has_task_limits,
        "has_import_errors": row.has_import_errors,
        "next_dagrun_logical_date": row.next_logical_date,
        "next_dagrun_data_interval_start": row.next_data_interval_start,
        "next_dagrun_data_interval_end": row.next_data_interval_end,
        "next_dagrun_run_after": row.next_run_after,
        "allowed_run_types": facts.allowed_run_types,
        "owners": owners_of(row.owners),
        "is_backfillable": facts.is_backfillable,
        "file_token": tokens.make(row.bundle_name, row.relative_fileloc),
    }


def present_details(
    shown: dict[str, Any],
    row: DagListed,
    spec: DagSpec | None,
    latest: VersionListed | None,
    n_running: int,
    is_favorite: bool,
) -> dict[str, Any]:
    """Extend ``shown`` (from ``present``) by what only the details of a DAG have."""
    some: dict[str, Any] = dict(spec or {})
    timeout_s = some.get("dagrun_timeout_s")
    return {
        **shown,
        "catchup": some.get("catchup", False),
        "dag_run_timeout": None if timeout_s is None else timedelta(seconds=timeout_s),
        "asset_expression": None,
        "doc_md": some.get("doc_md"),
        "start_date": _date(some.get("start_date")),
        "end_date": _date(some.get("end_date")),
        "is_paused_upon_creation": some.get("is_paused_upon_creation"),
        "params": present_params(some.get("params")),
        "render_template_as_native_obj": some.get("render_template_as_native_obj", False),
        "template_search_path": None,
        "timezone": some.get("timezone", "UTC"),
        "last_parsed": row.last_parsed_at,
        "default_args": some.get("default_args", {}),
        "rerun_with_latest_version": None,
        "owner_links": some.get("owner_links", {}),
        "is_favorite": is_favorite,
        "active_runs_count": n_running,
        "concurrency": row.max_active_tasks,
        "latest_dag_version": None if latest is None else version.present(latest),
    }


def _date(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
