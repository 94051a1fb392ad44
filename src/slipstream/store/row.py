"""Rows as the rest of the engine sees them: frozen, with the columns' names, JSON decoded.

Each table has a class and a ``Shape``, which knows its columns and makes rows of results. The
classes are plain data: no row knows a connection.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar

from sqlalchemy import Column, Result, Table

from slipstream.attempt import Outcome
from slipstream.store import schema
from slipstream.store.codec import load, load_or_none

R = TypeVar("R", bound=tuple[Any, ...])


class Shape(Generic[R]):
    """The columns to select for a row class, and the way from a result to its instances."""

    def __init__(
        self, cls: type[R], table: Table, decode: Mapping[str, Callable[[Any], Any]] | None = None
    ) -> None:
        names = list(cls._fields)  # type: ignore[attr-defined]
        self.columns: list[Column[Any]] = [table.c[name] for name in names]
        self._of: Callable[[Any], R] = cls._make  # type: ignore[attr-defined]
        self._decode = [(names.index(name), fn) for name, fn in (decode or {}).items()]

    def make(self, values: Any) -> R:
        """Build one instance of a result's row, whose columns are ``columns``."""
        if not self._decode:
            return self._of(values)
        decoded = list(values)
        for index, fn in self._decode:
            decoded[index] = fn(decoded[index])
        return self._of(decoded)

    def all(self, result: Result[Any]) -> list[R]:
        """Return all rows of a result."""
        make = self.make
        return [make(values) for values in result]

    def first(self, result: Result[Any]) -> R | None:
        """Return the first row, or None."""
        values = result.first()
        return None if values is None else self.make(values)


class DagRow(NamedTuple):
    dag_id: str
    display_name: str | None
    description: str | None
    owners: str
    is_paused: bool
    is_stale: bool
    bundle_name: str
    bundle_version: str | None
    relative_fileloc: str
    fileloc: str
    last_parsed_at: datetime | None
    parse_duration_s: float | None
    timetable_summary: str | None
    timetable_description: str | None
    has_custom_timetable: bool
    max_active_tasks: int
    max_active_runs: int
    max_consecutive_failed_dag_runs: int
    has_import_errors: bool
    next_logical_date: datetime | None
    next_data_interval_start: datetime | None
    next_data_interval_end: datetime | None
    next_run_after: datetime | None
    next_run_id: str | None
    latest_version_id: str | None
    created_at: datetime


class RunRow(NamedTuple):
    id: int
    dag_id: str
    run_id: str
    run_type: str
    state: str
    logical_date: datetime | None
    data_interval_start: datetime | None
    data_interval_end: datetime | None
    run_after: datetime
    queued_at: datetime
    start_date: datetime | None
    end_date: datetime | None
    conf: dict[str, Any]
    note: str | None
    triggered_by: str | None
    triggering_user: str | None
    partition_key: str | None
    dag_version_id: str | None
    backfill_id: int | None
    clear_number: int
    quarantined: str | None
    owner: str | None
    updated_at: datetime


class TaskInstanceRow(NamedTuple):
    dag_run_id: int
    task_id: str
    map_index: int
    state: str | None
    try_number: int
    max_tries: int
    attempt_id: str | None
    scheduled_at: datetime | None
    queued_at: datetime | None
    start_date: datetime | None
    end_date: datetime | None
    retry_at: datetime | None
    reschedule_count: int
    map_length: int | None
    skips: list[str] | None
    deferral: dict[str, Any] | None
    hostname: str | None
    pid: int | None
    pool: str
    pool_slots: int
    queue: str
    priority_weight: int
    operator: str | None
    rendered_map_index: str | None
    dag_version_id: str | None
    note: str | None
    updated_at: datetime


class MachineRow(NamedTuple):
    """What the machine reads of a task instance: a run may have 10,000."""

    task_id: str
    map_index: int
    state: str | None
    try_number: int
    max_tries: int
    attempt_id: str | None
    scheduled_at: datetime | None
    queued_at: datetime | None
    start_date: datetime | None
    end_date: datetime | None
    retry_at: datetime | None
    reschedule_count: int
    map_length: int | None
    skips: list[str] | None
    deferral: dict[str, Any] | None
    hostname: str | None
    pid: int | None


class AttemptRow(NamedTuple):
    id: str
    dag_run_id: int
    task_id: str
    map_index: int
    try_number: int
    state: str
    applied: bool
    ti_state: str | None
    executor: str | None
    queue: str
    pool: str
    pool_slots: int
    priority_weight: int
    dag_version_id: str | None
    host_id: str | None
    hostname: str | None
    pid: int | None
    queued_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    outcome: Outcome | None
    """What the tables keep apart (XComs, rendered fields) is not in it."""


class JobRow(NamedTuple):
    id: str
    job_type: str
    state: str
    hostname: str
    pid: int
    pid_started: float | None
    unixname: str | None
    executor: str | None
    parent_id: str | None
    key_mark: str | None
    trouble: dict[str, dict[str, str]] | None
    """Of a scheduler: by executor, what keeps it from handing anything out (``text``, ``since``)."""
    started_at: datetime
    ended_at: datetime | None
    heartbeat_at: datetime


class InboxMessage(NamedTuple):
    id: int
    target: str
    kind: str
    dag_id: str | None
    dag_run_id: int | None
    payload: dict[str, Any]
    created_at: datetime
    recipient: str | None
    """The scheduler that alone may take it."""

    @property
    def dag_run_pk(self) -> int | None:
        """``dag_run_id`` by the name that it has in arguments."""
        return self.dag_run_id


class VariableRow(NamedTuple):
    key: str
    value: str | None
    description: str | None
    is_encrypted: bool


class ConnectionRow(NamedTuple):
    conn_id: str
    conn_type: str
    description: str | None
    host: str | None
    schema: str | None
    login: str | None
    password: str | None
    port: int | None
    extra: str | None
    is_encrypted: bool
    is_extra_encrypted: bool


class PoolRow(NamedTuple):
    name: str
    slots: int
    description: str | None
    include_deferred: bool


class QuotaRow(NamedTuple):
    pool: str
    owner: str
    slots: int
    """What the scheduler may use, and nobody else."""
    wanted: int
    """So many more it would use at once."""
    least: int
    """With fewer slots than these in all, it cannot start anything. 0: it waits for nothing."""
    stuck_since: datetime | None = None
    """Since when it has had nothing under way although something waits."""


class ImportErrorRow(NamedTuple):
    id: int
    bundle_name: str
    path_hash: str
    filename: str
    line: int | None
    stacktrace: str
    timestamp: datetime


class DagVersionRow(NamedTuple):
    id: str
    dag_id: str
    version_number: int
    spec_hash: str
    source_hash: str | None
    bundle_name: str
    bundle_version: str | None
    created_at: datetime


class XComRow(NamedTuple):
    dag_run_id: int
    task_id: str
    map_index: int
    key: str
    value: Any
    created_at: datetime


class StoryRow(NamedTuple):
    id: int
    dag_run_id: int
    task_id: str | None
    map_index: int | None
    at: datetime
    kind: str
    from_state: str | None
    to_state: str | None
    attempt_id: str | None
    detail: str | None


class DagWarningRow(NamedTuple):
    dag_id: str
    warning_type: str
    message: str
    timestamp: datetime


class DagFileRow(NamedTuple):
    bundle_name: str
    path_hash: str
    relative_fileloc: str
    mtime: float
    size: int
    parsed_by: str
    last_parsed_at: datetime
    duration_s: float
    n_dags: int


class CallbackRow(NamedTuple):
    id: str
    dag_run_id: int
    kind: str
    task_id: str | None
    map_index: int | None
    reason: str | None
    state: str
    created_at: datetime
    host_id: str | None
    started_at: datetime | None


class BackfillRow(NamedTuple):
    id: int
    dag_id: str
    from_date: datetime
    to_date: datetime
    dag_run_conf: dict[str, Any]
    is_paused: bool
    reprocess_behavior: str
    max_active_runs: int
    created_at: datetime
    completed_at: datetime | None
    updated_at: datetime
    triggering_user: str | None
    runs_backwards: bool
    """Its runs start with the newest date."""


class AuditRow(NamedTuple):
    id: int
    when: datetime
    event: str
    dag_id: str | None
    task_id: str | None
    run_id: str | None
    map_index: int | None
    try_number: int | None
    owner: str | None
    extra: str | None


class UserRow(NamedTuple):
    id: int
    username: str
    email: str
    first_name: str
    last_name: str
    password_hash: str | None
    is_active: bool
    created_at: datetime
    changed_at: datetime
    last_login_at: datetime | None
    login_count: int
    fail_login_count: int


class RoleRow(NamedTuple):
    id: int
    name: str


class SessionRow(NamedTuple):
    id: str
    user_id: int
    kind: str
    created_at: datetime
    expires_at: datetime
    address: str | None
    agent: str | None


def _conf(text: str | None) -> dict[str, Any]:
    return load(text) if text else {}


def _outcome(text: str | None) -> Outcome | None:
    return None if text is None else Outcome.from_json(load(text))


DAG = Shape(DagRow, schema.dag)
RUN = Shape(RunRow, schema.dag_run, {"conf": _conf})
_OF_INSTANCE = {"skips": load_or_none, "deferral": load_or_none}
TASK_INSTANCE = Shape(TaskInstanceRow, schema.task_instance, _OF_INSTANCE)
MACHINE = Shape(MachineRow, schema.task_instance, _OF_INSTANCE)
ATTEMPT = Shape(AttemptRow, schema.attempt, {"outcome": _outcome})
JOB = Shape(JobRow, schema.job, {"trouble": load_or_none})
INBOX = Shape(InboxMessage, schema.inbox, {"payload": load})
VARIABLE = Shape(VariableRow, schema.variable)
CONNECTION = Shape(ConnectionRow, schema.connection)
POOL = Shape(PoolRow, schema.pool)
QUOTA = Shape(QuotaRow, schema.pool_quota)
IMPORT_ERROR = Shape(ImportErrorRow, schema.import_error)
DAG_VERSION = Shape(DagVersionRow, schema.dag_version)
XCOM = Shape(XComRow, schema.xcom, {"value": load_or_none})
STORY = Shape(StoryRow, schema.task_event)
DAG_WARNING = Shape(DagWarningRow, schema.dag_warning)
DAG_FILE = Shape(DagFileRow, schema.dag_file)
CALLBACK = Shape(CallbackRow, schema.callback_request)
BACKFILL = Shape(BackfillRow, schema.backfill, {"dag_run_conf": _conf})
AUDIT = Shape(AuditRow, schema.audit_log)
USER = Shape(UserRow, schema.auth_user)
ROLE = Shape(RoleRow, schema.auth_role)
SESSION = Shape(SessionRow, schema.auth_session)
