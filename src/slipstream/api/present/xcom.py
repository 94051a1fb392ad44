"""XCom entries in replies."""

from __future__ import annotations

from typing import Any

from slipstream.api.version_facts import Facts
from slipstream.store.listing.xcom import XComListed


def present(row: XComListed, facts: Facts) -> dict[str, Any]:
    return {
        "key": row.key,
        "timestamp": row.created_at,
        "logical_date": row.logical_date,
        "map_index": row.map_index,
        "task_id": row.task_id,
        "dag_id": row.dag_id,
        "run_id": row.run_id,
        "dag_display_name": row.dag_display_name or row.dag_id,
        "task_display_name": facts.display_names.get(row.task_id, row.task_id),
        "run_after": row.run_after,
    }
