"""What the system keeps of itself: health, jobs, the audit log, import errors and warnings."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from typing_extensions import TypedDict


class VersionInfo(TypedDict):
    version: str
    git_version: str | None


class BaseInfoResponse(TypedDict):
    status: str | None


class SchedulerInfoResponse(BaseInfoResponse):
    latest_scheduler_heartbeat: str | None


class TriggererInfoResponse(BaseInfoResponse):
    latest_triggerer_heartbeat: str | None


class DagProcessorInfoResponse(BaseInfoResponse):
    latest_dag_processor_heartbeat: str | None


class HealthInfoResponse(TypedDict):
    metadatabase: BaseInfoResponse
    scheduler: SchedulerInfoResponse
    triggerer: TriggererInfoResponse
    dag_processor: DagProcessorInfoResponse | None


class JobResponse(TypedDict):
    id: int
    dag_id: str | None
    state: str | None
    job_type: str | None
    start_date: datetime | None
    end_date: datetime | None
    latest_heartbeat: datetime | None
    executor_class: str | None
    hostname: str | None
    unixname: str | None
    dag_display_name: str | None


class JobCollectionResponse(TypedDict):
    jobs: list[JobResponse]
    total_entries: int


class EventLogResponse(TypedDict):
    event_log_id: int
    when: datetime
    dag_id: str | None
    task_id: str | None
    run_id: str | None
    map_index: int | None
    try_number: int | None
    event: str
    logical_date: datetime | None
    owner: str | None
    extra: str | None
    dag_display_name: str | None
    task_display_name: str | None


class EventLogCollectionResponse(TypedDict):
    event_logs: list[EventLogResponse]
    total_entries: int


class ImportErrorResponse(TypedDict):
    import_error_id: int
    timestamp: datetime
    filename: str
    bundle_name: str | None
    stack_trace: str


class ImportErrorCollectionResponse(TypedDict):
    import_errors: list[ImportErrorResponse]
    total_entries: int


class DAGWarningResponse(TypedDict):
    dag_id: str
    warning_type: Literal["asset conflict", "non-existent pool", "runtime varying value"]
    message: str
    timestamp: datetime
    dag_display_name: str


class DAGWarningCollectionResponse(TypedDict):
    dag_warnings: list[DAGWarningResponse]
    total_entries: int
