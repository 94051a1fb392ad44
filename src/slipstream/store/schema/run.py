"""Dag runs, their task instances and attempts, and what these leave behind."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)

from slipstream.store.schema.column import (
    Id,
    LongText,
    MySQLType,
    Pk,
    State,
    UtcDateTime,
    Uuid7,
    metadata,
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
    Column("retry_at", UtcDateTime),  # not before this; deferred: its timeout
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
            MySQLType("VARCHAR(512) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"), "mysql"
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
