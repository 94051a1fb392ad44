"""The tables. Migrations create them; this module is what queries are written against.

Two rules keep the hot path narrow. ``task_instance.state`` and ``dag_run.state`` are written by
one place only (``store.decision``, from what ``machine`` decided). Workers write ``attempt`` and
``xcom`` alone, by compare-and-set on the attempt id; the scheduler applies what they wrote.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
)
from sqlalchemy.types import UserDefinedType

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class _MySQL(UserDefinedType[Any]):
    """A type by its words in MySQL: SQLAlchemy's own would bring its whole dialect everywhere."""

    cache_ok = True

    def __init__(self, words: str) -> None:
        self.words = words

    def get_col_spec(self, **_options: Any) -> str:
        return self.words


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime, kept in UTC with microseconds on every database.

    On SQLite it is text of one fixed form, so that text order is time order.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        if dialect.name == "mysql":
            return dialect.type_descriptor(_MySQL("DATETIME(6)"))
        return dialect.type_descriptor(DateTime(timezone=dialect.name == "postgresql"))

    # The processors are given whole instead of process_bind_param and process_result_value, which
    # would run after SQLAlchemy's own: datetimes are a third of all hot columns.
    def bind_processor(self, dialect: Dialect) -> Any:
        return {"sqlite": _to_sqlite, "mysql": _to_mysql}.get(dialect.name, _to_postgresql)

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        return {"sqlite": _from_sqlite, "mysql": _from_mysql}.get(dialect.name, _from_postgresql)


def _to_postgresql(value: datetime | None) -> datetime | None:
    if value is None:
        return None
    if value.tzinfo is None:
        raise ValueError(f"naive datetime {value!r}: the store keeps aware datetimes only")
    return value if value.tzinfo is UTC else value.astimezone(UTC)


def _to_mysql(value: datetime | None) -> datetime | None:
    value = _to_postgresql(value)
    return None if value is None else value.replace(tzinfo=None)


def _to_sqlite(value: datetime | None) -> str | None:
    value = _to_postgresql(value)
    return None if value is None else value.isoformat(" ", "microseconds")[:26]


def _from_postgresql(value: datetime | None) -> datetime | None:
    return None if value is None else value.astimezone(UTC)


def _from_mysql(value: datetime | None) -> datetime | None:
    return None if value is None else value.replace(tzinfo=UTC)


def _from_sqlite(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value + "+00:00")


# Ids are case-sensitive on every database; MySQL needs to be told so.
Id = String(250).with_variant(
    _MySQL("VARCHAR(250) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"), "mysql"
)
Uuid7 = String(36).with_variant(
    _MySQL("VARCHAR(36) CHARACTER SET ascii COLLATE ascii_bin"), "mysql"
)
Word = String(50).with_variant(
    _MySQL("VARCHAR(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"), "mysql"
)
Resource = String(300).with_variant(
    _MySQL("VARCHAR(300) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"), "mysql"
)
LongText = Text().with_variant(_MySQL("LONGTEXT"), "mysql")
Pk = BigInteger().with_variant(Integer(), "sqlite")
State = String(30)

dag = Table(
    "dag",
    metadata,
    Column("dag_id", Id, primary_key=True),
    Column("display_name", String(2000)),
    Column("description", Text),
    Column("owners", String(2000), nullable=False, default=""),
    Column("is_paused", Boolean, nullable=False),
    Column("is_stale", Boolean, nullable=False, default=False),  # its file no longer defines it
    Column("bundle_name", Id, nullable=False),
    Column("bundle_version", String(200)),
    Column("relative_fileloc", String(2000), nullable=False),
    Column("fileloc", String(2000), nullable=False),
    Column("last_parsed_at", UtcDateTime),
    Column("parse_duration_s", Double),
    Column("timetable_type", String(500)),  # by Airflow's name of its class
    Column("timetable_summary", Text),
    Column("timetable_description", String(1000)),
    Column("has_custom_timetable", Boolean, nullable=False, default=False),
    Column("max_active_tasks", Integer, nullable=False),
    Column("max_active_runs", Integer, nullable=False),
    Column("max_consecutive_failed_dag_runs", Integer, nullable=False, default=0),
    Column("has_import_errors", Boolean, nullable=False, default=False),
    # The next automated run; run_after NULL: none (unscheduled, exhausted, or being computed).
    Column("next_logical_date", UtcDateTime),
    Column("next_data_interval_start", UtcDateTime),
    Column("next_data_interval_end", UtcDateTime),
    Column("next_run_after", UtcDateTime),
    Column("next_run_id", Id),  # by a timetable of the user's that names its runs
    Column("latest_version_id", Uuid7),
    Column("created_at", UtcDateTime, nullable=False),
    Index("ix_dag_next_run_after", "next_run_after"),
)

dag_tag = Table(
    "dag_tag",
    metadata,
    Column("dag_id", Id, ForeignKey("dag.dag_id", ondelete="CASCADE"), primary_key=True),
    Column("name", Id, primary_key=True),
    Index("ix_dag_tag_name", "name"),
)

dag_favorite = Table(
    "dag_favorite",
    metadata,
    Column("user_name", Id, primary_key=True),
    Column("dag_id", Id, ForeignKey("dag.dag_id", ondelete="CASCADE"), primary_key=True),
    Index("ix_dag_favorite_dag_id", "dag_id"),
)

dag_version = Table(
    "dag_version",
    metadata,
    Column("id", Uuid7, primary_key=True),
    Column("dag_id", Id, nullable=False),
    Column("version_number", Integer, nullable=False),
    Column("spec_hash", String(64), nullable=False),
    Column("spec", LargeBinary().with_variant(_MySQL("LONGBLOB"), "mysql"), nullable=False),  # zlib
    Column("source_hash", String(64)),
    Column("bundle_name", Id, nullable=False),
    Column("bundle_version", String(200)),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("dag_id", "version_number"),
)

dag_source = Table(
    "dag_source",
    metadata,
    Column("source_hash", String(64), primary_key=True),
    Column("content", LongText, nullable=False),
)

dag_file = Table(
    "dag_file",
    metadata,
    Column("bundle_name", Id, primary_key=True),
    Column("path_hash", String(64), primary_key=True),  # sha256 of relative_fileloc
    Column("relative_fileloc", String(2000), nullable=False),
    Column("mtime", Double, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("parsed_by", String(60), nullable=False),  # our version: another one parses anew
    Column("last_parsed_at", UtcDateTime, nullable=False),
    Column("duration_s", Double, nullable=False),
    Column("n_dags", Integer, nullable=False),
)

import_error = Table(
    "import_error",
    metadata,
    Column("id", Pk, primary_key=True, autoincrement=True),
    Column("bundle_name", Id, nullable=False),
    Column("path_hash", String(64), nullable=False),
    Column("filename", String(2000), nullable=False),
    Column("line", Integer),
    Column("stacktrace", LongText, nullable=False),
    Column("timestamp", UtcDateTime, nullable=False),
    UniqueConstraint("bundle_name", "path_hash"),
)

dag_warning = Table(
    "dag_warning",
    metadata,
    Column("dag_id", Id, primary_key=True),
    Column("warning_type", String(50), primary_key=True),
    Column("message", Text, nullable=False),
    Column("timestamp", UtcDateTime, nullable=False),
)

dag_run = Table(
    "dag_run",
    metadata,
    Column("id", Pk, primary_key=True, autoincrement=True),
    Column("dag_id", Id, nullable=False),
    Column("run_id", Id, nullable=False),
    Column("run_type", State, nullable=False),
    Column("state", State, nullable=False),
    Column("logical_date", UtcDateTime),
    Column("data_interval_start", UtcDateTime),
    Column("data_interval_end", UtcDateTime),
    Column("run_after", UtcDateTime, nullable=False),
    Column("queued_at", UtcDateTime, nullable=False),
    Column("start_date", UtcDateTime),
    Column("end_date", UtcDateTime),
    Column("conf", LongText),  # JSON
    Column("note", LongText),
    Column("triggered_by", State),
    Column("triggering_user", String(512)),
    Column("partition_key", String(250)),
    Column("dag_version_id", Uuid7),
    Column("backfill_id", Integer),
    Column("clear_number", Integer, nullable=False, default=0),
    Column("quarantined", Text),  # why the scheduler set the run aside; NULL: it did not
    Column("owner", Uuid7),  # the scheduler (job.id) whose lease covers the run
    Column("updated_at", UtcDateTime, nullable=False),
    UniqueConstraint("dag_id", "run_id"),
    UniqueConstraint("dag_id", "logical_date"),
    Index("ix_dag_run_state_run_after", "state", "run_after"),
    Index("ix_dag_run_dag_id_run_after", "dag_id", "run_after"),
    Index("ix_dag_run_run_after", "run_after"),
)

task_instance = Table(
    "task_instance",
    metadata,
    Column("dag_run_id", Pk, ForeignKey("dag_run.id", ondelete="CASCADE"), primary_key=True),
    Column("task_id", Id, primary_key=True),
    Column("map_index", Integer, primary_key=True, default=-1),
    Column("state", State),
    Column("try_number", Integer, nullable=False, default=0),  # tries begun; 0: none yet
    Column("max_tries", Integer, nullable=False, default=0),
    Column("attempt_id", Uuid7),  # the current attempt, or the last one
    Column("scheduled_at", UtcDateTime),
    Column("queued_at", UtcDateTime),
    Column("start_date", UtcDateTime),
    Column("end_date", UtcDateTime),
    Column("retry_at", UtcDateTime),  # up_for_retry and up_for_reschedule: not before this
    Column("reschedule_count", Integer, nullable=False, default=0),
    Column("map_length", Integer),  # length of the return value that downstream maps over
    Column("skips", LongText),  # JSON list: downstream tasks that this one decided to skip
    Column("deferral", LongText),  # JSON: trigger, next_method, next_kwargs, timeout
    Column("hostname", String(255)),
    Column("pid", Integer),
    Column("pool", Id, nullable=False),
    Column("pool_slots", Integer, nullable=False, default=1),
    Column("queue", Id, nullable=False),
    Column("priority_weight", Integer, nullable=False, default=1),
    Column("operator", String(255)),
    Column("rendered_map_index", String(250)),
    Column("dag_version_id", Uuid7),
    Column("note", LongText),
    Column("updated_at", UtcDateTime, nullable=False),
    Index("ix_task_instance_state", "state"),
)

attempt = Table(
    "attempt",
    metadata,
    Column("id", Uuid7, primary_key=True),
    Column("dag_run_id", Pk, ForeignKey("dag_run.id", ondelete="CASCADE"), nullable=False),
    Column("task_id", Id, nullable=False),
    Column("map_index", Integer, nullable=False),
    Column("try_number", Integer, nullable=False),
    Column("state", State, nullable=False),  # queued, running, done
    Column("applied", Boolean, nullable=False, default=False),  # the scheduler took the outcome in
    Column("ti_state", State),  # what this try made of its task instance
    Column("executor", String(250)),
    Column("queue", Id, nullable=False),
    Column("pool", Id, nullable=False),
    Column("pool_slots", Integer, nullable=False),
    Column("priority_weight", Integer, nullable=False),
    Column("dag_version_id", Uuid7),
    Column("host_id", Uuid7),  # job.id of the worker host that started it
    Column("hostname", String(255)),
    Column("pid", Integer),
    Column("queued_at", UtcDateTime, nullable=False),
    Column("started_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Column("outcome", LongText),  # JSON of slipstream.attempt.Outcome, less what is kept apart
    Column("rendered_fields", LongText),  # JSON, masked: what the templates became
    Index("ix_attempt_ti", "dag_run_id", "task_id", "map_index", "try_number"),
)

xcom = Table(
    "xcom",
    metadata,
    Column("dag_run_id", Pk, ForeignKey("dag_run.id", ondelete="CASCADE"), primary_key=True),
    Column("task_id", Id, primary_key=True),
    Column("map_index", Integer, primary_key=True, default=-1),
    Column(
        "key",
        String(512).with_variant(
            _MySQL("VARCHAR(512) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"), "mysql"
        ),
        primary_key=True,
    ),
    Column("value", LongText),  # JSON
    Column("created_at", UtcDateTime, nullable=False),
)

task_event = Table(
    "task_event",
    metadata,
    Column("id", Pk, primary_key=True, autoincrement=True),
    Column("dag_run_id", Pk, ForeignKey("dag_run.id", ondelete="CASCADE"), nullable=False),
    Column("task_id", Id),  # NULL: the run's own story
    Column("map_index", Integer),
    Column("at", UtcDateTime, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("from_state", State),
    Column("to_state", State),
    Column("attempt_id", Uuid7),
    Column("detail", Text),
    Index("ix_task_event_ti", "dag_run_id", "task_id", "map_index"),
)

callback_request = Table(
    "callback_request",
    metadata,
    Column("id", Uuid7, primary_key=True),
    Column("dag_run_id", Pk, ForeignKey("dag_run.id", ondelete="CASCADE"), nullable=False),
    Column("kind", State, nullable=False),
    Column("task_id", Id),
    Column("map_index", Integer),
    Column("reason", Text),
    Column("state", State, nullable=False),  # pending, running (handed out), started, done
    Column("created_at", UtcDateTime, nullable=False),
    Column("host_id", Uuid7),  # whose process has started it, and when
    Column("started_at", UtcDateTime),
)

inbox = Table(
    "inbox",
    metadata,
    Column("id", Pk, primary_key=True, autoincrement=True),
    Column("target", String(20), nullable=False),  # scheduler, dag_processor, answer
    Column("kind", String(40), nullable=False),
    Column("dag_id", Id),
    Column("dag_run_id", Pk),
    Column("payload", LongText, nullable=False),  # JSON
    Column("created_at", UtcDateTime, nullable=False),
    Column("recipient", Uuid7),  # the scheduler (job.id) that alone may take it; NULL: see inbox.py
    Index("ix_inbox_target", "target", "id"),
)

job = Table(
    "job",
    metadata,
    Column("id", Uuid7, primary_key=True),
    Column("job_type", String(30), nullable=False),  # SchedulerJob, DagProcessorJob, WorkerHost, …
    Column("state", State, nullable=False),  # running, success, failed
    Column("hostname", String(255), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("pid_started", Double),  # the process's start time: tells a reused pid
    Column("unixname", String(255)),
    Column("executor", String(250)),
    Column("parent_id", Uuid7),  # a worker host's scheduler
    Column(
        "key_mark", String(64)
    ),  # tells apart the keys by which services sign; see token.key_mark
    Column("started_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("heartbeat_at", UtcDateTime, nullable=False),
    Index("ix_job_type_state", "job_type", "state"),
)

# Which scheduler owns which DAG, and with it all of its active runs. A row outlives its DAG until
# the owner has heard that it is gone.
dag_lease = Table(
    "dag_lease",
    metadata,
    Column("dag_id", Id, primary_key=True),
    Column("owner", Uuid7),  # job.id; NULL: nobody
    Index("ix_dag_lease_owner", "owner"),
)

variable = Table(
    "variable",
    metadata,
    Column("key", Id, primary_key=True),
    Column("value", LongText),
    Column("description", Text),
    Column("is_encrypted", Boolean, nullable=False, default=False),
)

connection = Table(
    "connection",
    metadata,
    Column("conn_id", Id, primary_key=True),
    Column("conn_type", String(500), nullable=False),
    Column("description", Text),
    Column("host", String(500)),
    Column("schema", String(500)),
    Column("login", Text),
    Column("password", Text),
    Column("port", Integer),
    Column("extra", LongText),
    Column("is_encrypted", Boolean, nullable=False, default=False),
    Column("is_extra_encrypted", Boolean, nullable=False, default=False),
)

pool = Table(
    "pool",
    metadata,
    Column("name", Id, primary_key=True),
    Column("slots", Integer, nullable=False),
    Column("description", Text),
    Column("include_deferred", Boolean, nullable=False, default=False),
)

# Each scheduler's part of a pool's slots.
pool_quota = Table(
    "pool_quota",
    metadata,
    Column("pool", Id, ForeignKey("pool.name", ondelete="CASCADE"), primary_key=True),
    Column("owner", Uuid7, primary_key=True),  # job.id
    Column("slots", Integer, nullable=False),
    Column("wanted", Integer, nullable=False),  # so many more would be used at once
    Column("least", Integer, nullable=False),  # with fewer slots than these in all, nothing starts
    Column("stuck_since", UtcDateTime),  # since when nothing is under way though something waits
)

backfill = Table(
    "backfill",
    metadata,
    Column("id", Pk, primary_key=True, autoincrement=True),
    Column("dag_id", Id, nullable=False),
    Column("from_date", UtcDateTime, nullable=False),
    Column("to_date", UtcDateTime, nullable=False),
    Column("dag_run_conf", LongText, nullable=False),
    Column("is_paused", Boolean, nullable=False, default=False),
    Column("reprocess_behavior", State, nullable=False),
    Column("max_active_runs", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("completed_at", UtcDateTime),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("triggering_user", String(512)),
    Column("runs_backwards", Boolean, nullable=False, server_default=false()),
)

# What changed that no other table's ids tell of, for who watches (see change.py). The newest row
# is never deleted, so that ids are not used again.
change = Table(
    "change_note",
    metadata,
    Column("id", Pk, primary_key=True, autoincrement=True),
    Column("kind", String(20), nullable=False),
    Column("dag_id", Id),
    Column("run_id", Id),
)

audit_log = Table(
    "audit_log",
    metadata,
    Column("id", Pk, primary_key=True, autoincrement=True),
    Column("when", UtcDateTime, nullable=False),
    Column("event", String(60), nullable=False),
    Column("dag_id", Id),
    Column("task_id", Id),
    Column("run_id", Id),
    Column("map_index", Integer),
    Column("try_number", Integer),
    Column("owner", String(500)),
    Column("extra", Text),
    Index("ix_audit_log_dag_id", "dag_id"),
    Index("ix_audit_log_when", "when"),
)

# People, their roles and their logins. The names begin with auth_ because "user" and "role" are
# words of SQL.
auth_user = Table(
    "auth_user",
    metadata,
    Column("id", Pk, primary_key=True, autoincrement=True),
    Column("username", Id, nullable=False, unique=True),
    Column("email", Id, nullable=False, unique=True),
    Column("first_name", String(250), nullable=False, default=""),
    Column("last_name", String(250), nullable=False, default=""),
    Column("password_hash", String(250)),  # NULL: nobody can log in as this user
    Column("is_active", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("last_login_at", UtcDateTime),
    Column("login_count", Integer, nullable=False, default=0),
    Column("fail_login_count", Integer, nullable=False, default=0),
)

auth_role = Table(
    "auth_role",
    metadata,
    Column("id", Pk, primary_key=True, autoincrement=True),
    Column("name", Id, nullable=False, unique=True),
)

auth_role_permission = Table(
    "auth_role_permission",
    metadata,
    Column("role_id", Pk, ForeignKey("auth_role.id", ondelete="CASCADE"), primary_key=True),
    Column("action", Word, primary_key=True),
    Column("resource", Resource, primary_key=True),
    Index("ix_auth_role_permission_resource", "resource"),
)

auth_user_role = Table(
    "auth_user_role",
    metadata,
    Column("user_id", Pk, ForeignKey("auth_user.id", ondelete="CASCADE"), primary_key=True),
    Column("role_id", Pk, ForeignKey("auth_role.id", ondelete="CASCADE"), primary_key=True),
    Index("ix_auth_user_role_role_id", "role_id"),
)

# A login that has not ended: each token names its row, and is worth nothing without it.
auth_session = Table(
    "auth_session",
    metadata,
    Column("id", Uuid7, primary_key=True),
    Column("user_id", Pk, ForeignKey("auth_user.id", ondelete="CASCADE"), nullable=False),
    Column("kind", State, nullable=False),  # browser, token or cli
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("address", String(100)),
    Column("agent", String(250)),
    Index("ix_auth_session_user_id", "user_id"),
    Index("ix_auth_session_expires_at", "expires_at"),
)
