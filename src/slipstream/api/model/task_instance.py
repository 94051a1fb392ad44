"""Task instances, their tries, logs, links and XComs."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NotRequired
from uuid import UUID

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

from slipstream.api.model.dag import DagVersionResponse
from slipstream.api.model.record import JobResponse
from slipstream.state import TaskInstanceState


class TaskInstanceHistoryResponse(TypedDict):
    task_id: str
    dag_id: str
    dag_run_id: str
    map_index: int
    start_date: datetime | None
    end_date: datetime | None
    duration: float | None
    state: TaskInstanceState | None
    try_number: int
    max_tries: int
    task_display_name: str
    dag_display_name: str
    hostname: str | None
    unixname: str | None
    pool: str
    pool_slots: int
    queue: str | None
    priority_weight: int | None
    operator: str | None
    operator_name: str | None
    queued_when: datetime | None
    scheduled_when: datetime | None
    pid: int | None
    executor: str | None
    executor_config: str
    dag_version: DagVersionResponse | None


class TaskInstanceHistoryCollectionResponse(TypedDict):
    task_instances: list[TaskInstanceHistoryResponse]
    total_entries: int


class TriggerResponse(TypedDict):
    id: int
    classpath: str
    kwargs: str
    created_date: datetime
    queue: str | None
    triggerer_id: int | None


class TaskInstanceResponse(TaskInstanceHistoryResponse):
    id: UUID
    logical_date: datetime | None
    run_after: datetime
    note: str | None
    rendered_map_index: str | None
    rendered_fields: dict[str, Any]
    trigger: TriggerResponse | None
    triggerer_job: JobResponse | None


class TaskInstanceCollectionResponse(TypedDict):
    """A page; with a cursor there is no total, and the ways to the next and previous pages."""

    task_instances: list[TaskInstanceResponse]
    total_entries: NotRequired[int | None]
    total_entries_limit: NotRequired[int | None]
    next_cursor: NotRequired[str | None]
    previous_cursor: NotRequired[str | None]


class ClearTaskInstanceCollectionResponse(TypedDict):
    """What would be cleared."""

    task_instances: list[TaskInstanceResponse]
    total_entries: int


class TaskDependencyResponse(TypedDict):
    name: str
    reason: str


class TaskDependencyCollectionResponse(TypedDict):
    dependencies: list[TaskDependencyResponse]


class ReasonResponse(TypedDict):
    """A sentence of an explanation: its code, what stands in it, and its text in English."""

    code: str
    params: dict[str, Any]
    text: str


class TaskInstanceExplanation(TypedDict):
    """Why a task instance is where it is."""

    state: TaskInstanceState | None
    code: str
    summary: str
    reasons: list[ReasonResponse]
    data: dict[str, Any]


class ExternalLogUrlResponse(TypedDict):
    url: str


class ExtraLinkCollectionResponse(TypedDict):
    extra_links: dict[str, str | None]
    total_entries: int


@with_config(ConfigDict(extra="allow"))
class StructuredLogMessage(TypedDict):
    """A line of a log, with whatever fields it was logged with."""

    timestamp: NotRequired[datetime]
    event: str


class TaskInstancesLogResponse(TypedDict):
    content: list[StructuredLogMessage]
    continuation_token: str | None


class XComResponse(TypedDict):
    key: str
    timestamp: datetime
    logical_date: datetime | None
    map_index: int
    task_id: str
    dag_id: str
    run_id: str
    dag_display_name: str
    task_display_name: str
    run_after: datetime


class XComResponseNative(XComResponse):
    value: Any


class XComResponseString(XComResponse):
    value: str | None


class XComCollectionResponse(TypedDict):
    xcom_entries: list[XComResponse]
    total_entries: int
