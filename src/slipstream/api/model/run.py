"""DAG runs and backfills."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from slipstream.api.model.dag import DagVersionResponse
from slipstream.state import DagRunState, DagRunTriggeredByType, DagRunType


class DAGRunResponse(TypedDict):
    dag_run_id: str
    dag_id: str
    logical_date: datetime | None
    queued_at: datetime | None
    start_date: datetime | None
    end_date: datetime | None
    duration: float | None
    data_interval_start: datetime | None
    data_interval_end: datetime | None
    run_after: datetime
    last_scheduling_decision: datetime | None
    run_type: DagRunType
    state: DagRunState
    triggered_by: DagRunTriggeredByType | None
    triggering_user_name: str | None
    conf: dict[str, Any] | None
    note: str | None
    dag_versions: list[DagVersionResponse]
    bundle_version: str | None
    dag_display_name: str
    partition_key: str | None
    partition_date: datetime | None


class DAGRunCollectionResponse(TypedDict):
    """A page; with a cursor there is no total, and the ways to the next and previous pages."""

    dag_runs: list[DAGRunResponse]
    total_entries: NotRequired[int | None]
    total_entries_limit: NotRequired[int | None]
    next_cursor: NotRequired[str | None]
    previous_cursor: NotRequired[str | None]


class DAGRunWaitResponse(TypedDict):
    """One line of the reply to ``wait``."""

    state: DagRunState
    results: NotRequired[dict[str, Any]]


class BackfillResponse(TypedDict):
    id: Annotated[int, Field(ge=0)]
    dag_id: str
    from_date: datetime
    to_date: datetime
    dag_run_conf: dict[str, Any] | None
    is_paused: bool
    reprocess_behavior: Literal["failed", "completed", "none"]
    max_active_runs: int
    created_at: datetime
    completed_at: datetime | None
    updated_at: datetime
    dag_display_name: str


class BackfillCollectionResponse(TypedDict):
    backfills: list[BackfillResponse]
    total_entries: int


class DryRunBackfillResponse(TypedDict):
    logical_date: datetime | None
    partition_key: str | None
    partition_date: datetime | None


class DryRunBackfillCollectionResponse(TypedDict):
    backfills: list[DryRunBackfillResponse]
    total_entries: int
