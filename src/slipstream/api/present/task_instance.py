"""Task instances and their tries in replies."""

from __future__ import annotations

import uuid
from typing import Any

from slipstream.api.present import version
from slipstream.api.present.run import seconds
from slipstream.api.version_facts import Facts
from slipstream.store.listing.task_instance import TaskInstanceListed, TryListed

_NAMESPACE = uuid.UUID("5b3a7c52-4c1b-5d55-9a0e-8b6f0f9f2b61")


def id_of(row: TaskInstanceListed) -> str:
    """Return a UUID: the current attempt's, or before the first attempt one of its own."""
    if row.attempt_id is not None:
        return row.attempt_id
    return str(uuid.uuid5(_NAMESPACE, f"{row.dag_run_id}/{row.task_id}/{row.map_index}"))


def present(row: TaskInstanceListed, facts: Facts) -> dict[str, Any]:
    return {
        "id": id_of(row),
        "task_id": row.task_id,
        "dag_id": row.dag_id,
        "dag_run_id": row.run_id,
        "map_index": row.map_index,
        "logical_date": row.logical_date,
        "run_after": row.run_after,
        "start_date": row.start_date,
        "end_date": row.end_date,
        "duration": seconds(row.start_date, row.end_date),
        "state": row.state,
        "try_number": row.try_number,
        "max_tries": row.max_tries,
        "task_display_name": facts.display_names.get(row.task_id, row.task_id),
        "dag_display_name": row.dag_display_name or row.dag_id,
        "hostname": row.hostname,
        "unixname": None,
        "pool": row.pool,
        "pool_slots": row.pool_slots,
        "queue": row.queue,
        "priority_weight": row.priority_weight,
        "operator": row.operator,
        "operator_name": facts.operator_names.get(row.task_id, row.operator),
        "queued_when": row.queued_at,
        "scheduled_when": row.scheduled_at,
        "pid": row.pid,
        "executor": row.executor,
        "executor_config": "{}",
        "note": row.note,
        "rendered_map_index": row.rendered_map_index,
        "rendered_fields": row.rendered_fields or {},
        "trigger": None,
        "triggerer_job": None,
        "dag_version": None if row.version is None else version.present(row.version),
    }


_TRY_FIELDS = (
    *("task_id", "dag_id", "dag_run_id", "map_index", "start_date", "end_date", "duration"),
    *("state", "try_number", "max_tries", "task_display_name", "dag_display_name", "hostname"),
    *("unixname", "pool", "pool_slots", "queue", "priority_weight", "operator"),
    *("operator_name", "queued_when", "scheduled_when", "pid", "executor", "executor_config"),
    "dag_version",
)


def present_current_try(row: TaskInstanceListed, facts: Facts) -> dict[str, Any]:
    """Return the task instance itself as its latest try."""
    shown = present(row, facts)
    return {name: shown[name] for name in _TRY_FIELDS}


def present_past_try(row: TaskInstanceListed, past: TryListed, facts: Facts) -> dict[str, Any]:
    """Return an earlier try: the attempt's own values, and what all tries share.

    As Airflow: it failed, though the task instance was to be tried again then.
    """
    return {
        **present_current_try(row, facts),
        "start_date": past.started_at,
        "end_date": past.ended_at,
        "duration": seconds(past.started_at, past.ended_at),
        "state": "failed" if past.ti_state == "up_for_retry" else past.ti_state,
        "try_number": past.try_number,
        "hostname": past.hostname,
        "pool": past.pool,
        "pool_slots": past.pool_slots,
        "queue": past.queue,
        "priority_weight": past.priority_weight,
        "queued_when": past.queued_at,
        "scheduled_when": past.queued_at,
        "pid": past.pid,
        "executor": past.executor,
    }
