"""Backfills over REST: created, tried out, paused, let go and cancelled; refused as Airflow does."""

from __future__ import annotations

from typing import Any

import pytest
from tests.api.running import Api

RANGE = {
    "dag_id": "sales",
    "from_date": "2025-01-03T00:00:00Z",
    "to_date": "2025-01-05T00:00:00Z",
}


def test_a_dry_run_lists_the_dates_and_makes_nothing(filled: Api) -> None:
    found = filled.ok("POST", "/backfills/dry_run", json=RANGE)
    assert found["total_entries"] == 3
    assert found["backfills"][0] == {
        "logical_date": "2025-01-03T00:00:00Z",
        "partition_key": None,
        "partition_date": None,
    }
    assert filled.ok("GET", "/backfills?dag_id=sales")["total_entries"] == 0


def test_a_backfill_is_created_paused_let_go_and_cancelled(filled: Api) -> None:
    asked = {**RANGE, "max_active_runs": 2, "dag_run_conf": {"k": 1}, "run_backwards": True}
    made = filled.ok("POST", "/backfills", json=asked)
    assert made["dag_id"] == "sales"
    assert (made["max_active_runs"], made["dag_run_conf"]) == (2, {"k": 1})
    assert (made["is_paused"], made["completed_at"]) == (False, None)
    path = f"/backfills/{made['id']}"
    runs = filled.ok("GET", "/dags/sales/dagRuns?run_type=backfill")
    assert runs["total_entries"] == 3
    assert filled.ok("PUT", f"{path}/pause")["is_paused"] is True
    assert filled.ok("PUT", f"{path}/unpause")["is_paused"] is False
    assert filled.request("POST", "/backfills", json=RANGE).status_code == 409
    assert filled.ok("PUT", f"{path}/cancel")["completed_at"] is not None
    states = {
        r["state"] for r in filled.ok("GET", "/dags/sales/dagRuns?run_type=backfill")["dag_runs"]
    }
    assert states == {"failed"}
    for what in ("pause", "unpause", "cancel"):
        assert filled.request("PUT", f"{path}/{what}").status_code == 409


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"dag_id": "nope"}, 404),
        ({"dag_id": "quiet"}, 422),
        ({"to_date": "2024-01-01T00:00:00Z"}, 422),
        ({"max_active_runs": 0}, 422),
        ({"reprocess_behavior": "all"}, 422),
    ],
)
def test_what_cannot_be_is_refused(filled: Api, change: dict[str, Any], status: int) -> None:
    assert filled.request("POST", "/backfills", json={**RANGE, **change}).status_code == status
    if "max_active_runs" not in change:
        dry = filled.request("POST", "/backfills/dry_run", json={**RANGE, **change})
        assert dry.status_code == status
    assert filled.request("PUT", "/backfills/77/cancel").status_code == 404
