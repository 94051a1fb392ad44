"""Create the schema."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from slipstream.store.migration import present

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

Id = sa.String(250).with_variant(
    mysql.VARCHAR(250, charset="utf8mb4", collation="utf8mb4_bin"), "mysql"
)
XComKey = sa.String(512).with_variant(
    mysql.VARCHAR(512, charset="utf8mb4", collation="utf8mb4_bin"), "mysql"
)
Uuid7 = sa.String(36).with_variant(
    mysql.VARCHAR(36, charset="ascii", collation="ascii_bin"), "mysql"
)
LongText = sa.Text().with_variant(mysql.LONGTEXT(), "mysql")
Blob = sa.LargeBinary().with_variant(mysql.LONGBLOB(), "mysql")
Pk = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
State = sa.String(30)
Timestamp = (
    sa.DateTime()
    .with_variant(sa.DateTime(timezone=True), "postgresql")
    .with_variant(mysql.DATETIME(fsp=6), "mysql")
)


def create_table(name: str, *items: Any) -> None:
    """Create a table unless a run that was cut short has: MySQL commits each one by itself."""
    if not present.has_table(name):
        op.create_table(name, *items, mysql_engine="InnoDB", mysql_charset="utf8mb4")


def create_index(name: str, table: str, columns: list[str]) -> None:
    if not present.has_index(table, name):
        op.create_index(name, table, columns)


def upgrade() -> None:
    create_table(
        "audit_log",
        sa.Column("id", Pk, autoincrement=True, nullable=False),
        sa.Column("when", Timestamp, nullable=False),
        sa.Column("event", sa.String(length=60), nullable=False),
        sa.Column("dag_id", Id),
        sa.Column("task_id", Id),
        sa.Column("run_id", Id),
        sa.Column("map_index", sa.Integer()),
        sa.Column("try_number", sa.Integer()),
        sa.Column("owner", sa.String(length=500)),
        sa.Column("extra", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_audit_log"),
    )
    create_index("ix_audit_log_dag_id", "audit_log", ["dag_id"])
    create_index("ix_audit_log_when", "audit_log", ["when"])
    create_table(
        "backfill",
        sa.Column("id", Pk, autoincrement=True, nullable=False),
        sa.Column("dag_id", Id, nullable=False),
        sa.Column("from_date", Timestamp, nullable=False),
        sa.Column("to_date", Timestamp, nullable=False),
        sa.Column("dag_run_conf", LongText, nullable=False),
        sa.Column("is_paused", sa.Boolean(), nullable=False),
        sa.Column("reprocess_behavior", State, nullable=False),
        sa.Column("max_active_runs", sa.Integer(), nullable=False),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.Column("completed_at", Timestamp),
        sa.Column("updated_at", Timestamp, nullable=False),
        sa.Column("triggering_user", sa.String(length=512)),
        sa.PrimaryKeyConstraint("id", name="pk_backfill"),
    )
    create_table(
        "connection",
        sa.Column("conn_id", Id, nullable=False),
        sa.Column("conn_type", sa.String(length=500), nullable=False),
        sa.Column("description", sa.Text()),
        sa.Column("host", sa.String(length=500)),
        sa.Column("schema", sa.String(length=500)),
        sa.Column("login", sa.Text()),
        sa.Column("password", sa.Text()),
        sa.Column("port", sa.Integer()),
        sa.Column("extra", LongText),
        sa.Column("is_encrypted", sa.Boolean(), nullable=False),
        sa.Column("is_extra_encrypted", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("conn_id", name="pk_connection"),
    )
    create_table(
        "dag",
        sa.Column("dag_id", Id, nullable=False),
        sa.Column("display_name", sa.String(length=2000)),
        sa.Column("description", sa.Text()),
        sa.Column("owners", sa.String(length=2000), nullable=False),
        sa.Column("is_paused", sa.Boolean(), nullable=False),
        sa.Column("is_stale", sa.Boolean(), nullable=False),
        sa.Column("bundle_name", Id, nullable=False),
        sa.Column("bundle_version", sa.String(length=200)),
        sa.Column("relative_fileloc", sa.String(length=2000), nullable=False),
        sa.Column("fileloc", sa.String(length=2000), nullable=False),
        sa.Column("last_parsed_at", Timestamp),
        sa.Column("parse_duration_s", sa.Double()),
        sa.Column("timetable_summary", sa.Text()),
        sa.Column("timetable_description", sa.String(length=1000)),
        sa.Column("has_custom_timetable", sa.Boolean(), nullable=False),
        sa.Column("max_active_tasks", sa.Integer(), nullable=False),
        sa.Column("max_active_runs", sa.Integer(), nullable=False),
        sa.Column("max_consecutive_failed_dag_runs", sa.Integer(), nullable=False),
        sa.Column("has_import_errors", sa.Boolean(), nullable=False),
        sa.Column("next_logical_date", Timestamp),
        sa.Column("next_data_interval_start", Timestamp),
        sa.Column("next_data_interval_end", Timestamp),
        sa.Column("next_run_after", Timestamp),
        sa.Column("latest_version_id", Uuid7),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("dag_id", name="pk_dag"),
    )
    create_index("ix_dag_next_run_after", "dag", ["next_run_after"])
    create_table(
        "dag_file",
        sa.Column("bundle_name", Id, nullable=False),
        sa.Column("path_hash", sa.String(length=64), nullable=False),
        sa.Column("relative_fileloc", sa.String(length=2000), nullable=False),
        sa.Column("mtime", sa.Double(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("parsed_by", sa.String(length=60), nullable=False),
        sa.Column("last_parsed_at", Timestamp, nullable=False),
        sa.Column("duration_s", sa.Double(), nullable=False),
        sa.Column("n_dags", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("bundle_name", "path_hash", name="pk_dag_file"),
    )
    create_table(
        "dag_run",
        sa.Column("id", Pk, autoincrement=True, nullable=False),
        sa.Column("dag_id", Id, nullable=False),
        sa.Column("run_id", Id, nullable=False),
        sa.Column("run_type", State, nullable=False),
        sa.Column("state", State, nullable=False),
        sa.Column("logical_date", Timestamp),
        sa.Column("data_interval_start", Timestamp),
        sa.Column("data_interval_end", Timestamp),
        sa.Column("run_after", Timestamp, nullable=False),
        sa.Column("queued_at", Timestamp, nullable=False),
        sa.Column("start_date", Timestamp),
        sa.Column("end_date", Timestamp),
        sa.Column("conf", LongText),
        sa.Column("note", LongText),
        sa.Column("triggered_by", State),
        sa.Column("triggering_user", sa.String(length=512)),
        sa.Column("partition_key", sa.String(length=250)),
        sa.Column("dag_version_id", Uuid7),
        sa.Column("backfill_id", sa.Integer()),
        sa.Column("clear_number", sa.Integer(), nullable=False),
        sa.Column("quarantined", sa.Text()),
        sa.Column("owner", Uuid7),
        sa.Column("updated_at", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_dag_run"),
        sa.UniqueConstraint("dag_id", "logical_date", name="uq_dag_run_dag_id_logical_date"),
        sa.UniqueConstraint("dag_id", "run_id", name="uq_dag_run_dag_id_run_id"),
    )
    create_index("ix_dag_run_dag_id_run_after", "dag_run", ["dag_id", "run_after"])
    create_index("ix_dag_run_run_after", "dag_run", ["run_after"])
    create_index("ix_dag_run_state_run_after", "dag_run", ["state", "run_after"])
    create_table(
        "dag_source",
        sa.Column("source_hash", sa.String(length=64), nullable=False),
        sa.Column("content", LongText, nullable=False),
        sa.PrimaryKeyConstraint("source_hash", name="pk_dag_source"),
    )
    create_table(
        "dag_version",
        sa.Column("id", Uuid7, nullable=False),
        sa.Column("dag_id", Id, nullable=False),
        sa.Column("version_number", sa.Integer(), nullable=False),
        sa.Column("spec_hash", sa.String(length=64), nullable=False),
        sa.Column("spec", Blob, nullable=False),
        sa.Column("source_hash", sa.String(length=64)),
        sa.Column("bundle_name", Id, nullable=False),
        sa.Column("bundle_version", sa.String(length=200)),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_dag_version"),
        sa.UniqueConstraint(
            "dag_id", "version_number", name="uq_dag_version_dag_id_version_number"
        ),
    )
    create_table(
        "dag_warning",
        sa.Column("dag_id", Id, nullable=False),
        sa.Column("warning_type", sa.String(length=50), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("timestamp", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("dag_id", "warning_type", name="pk_dag_warning"),
    )
    create_table(
        "import_error",
        sa.Column("id", Pk, autoincrement=True, nullable=False),
        sa.Column("bundle_name", Id, nullable=False),
        sa.Column("path_hash", sa.String(length=64), nullable=False),
        sa.Column("filename", sa.String(length=2000), nullable=False),
        sa.Column("line", sa.Integer()),
        sa.Column("stacktrace", LongText, nullable=False),
        sa.Column("timestamp", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_import_error"),
        sa.UniqueConstraint(
            "bundle_name", "path_hash", name="uq_import_error_bundle_name_path_hash"
        ),
    )
    create_table(
        "inbox",
        sa.Column("id", Pk, autoincrement=True, nullable=False),
        sa.Column("target", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("dag_id", Id),
        sa.Column("dag_run_id", Pk),
        sa.Column("payload", LongText, nullable=False),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_inbox"),
    )
    create_index("ix_inbox_target", "inbox", ["target", "id"])
    create_table(
        "job",
        sa.Column("id", Uuid7, nullable=False),
        sa.Column("job_type", State, nullable=False),
        sa.Column("state", State, nullable=False),
        sa.Column("hostname", sa.String(length=255), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("pid_started", sa.Double()),
        sa.Column("unixname", sa.String(length=255)),
        sa.Column("executor", sa.String(length=250)),
        sa.Column("parent_id", Uuid7),
        sa.Column("started_at", Timestamp, nullable=False),
        sa.Column("ended_at", Timestamp),
        sa.Column("heartbeat_at", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_job"),
    )
    create_index("ix_job_type_state", "job", ["job_type", "state"])
    create_table(
        "pool",
        sa.Column("name", Id, nullable=False),
        sa.Column("slots", sa.Integer(), nullable=False),
        sa.Column("description", sa.Text()),
        sa.Column("include_deferred", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_pool"),
    )
    create_table(
        "variable",
        sa.Column("key", Id, nullable=False),
        sa.Column("value", LongText),
        sa.Column("description", sa.Text()),
        sa.Column("is_encrypted", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_variable"),
    )
    create_table(
        "attempt",
        sa.Column("id", Uuid7, nullable=False),
        sa.Column("dag_run_id", Pk, nullable=False),
        sa.Column("task_id", Id, nullable=False),
        sa.Column("map_index", sa.Integer(), nullable=False),
        sa.Column("try_number", sa.Integer(), nullable=False),
        sa.Column("state", State, nullable=False),
        sa.Column("applied", sa.Boolean(), nullable=False),
        sa.Column("ti_state", State),
        sa.Column("executor", sa.String(length=250)),
        sa.Column("queue", Id, nullable=False),
        sa.Column("pool", Id, nullable=False),
        sa.Column("pool_slots", sa.Integer(), nullable=False),
        sa.Column("priority_weight", sa.Integer(), nullable=False),
        sa.Column("dag_version_id", Uuid7),
        sa.Column("host_id", Uuid7),
        sa.Column("hostname", sa.String(length=255)),
        sa.Column("pid", sa.Integer()),
        sa.Column("queued_at", Timestamp, nullable=False),
        sa.Column("started_at", Timestamp),
        sa.Column("ended_at", Timestamp),
        sa.Column("outcome", LongText),
        sa.Column("rendered_fields", LongText),
        sa.ForeignKeyConstraint(
            ["dag_run_id"], ["dag_run.id"], name="fk_attempt_dag_run_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_attempt"),
    )
    create_index("ix_attempt_ti", "attempt", ["dag_run_id", "task_id", "map_index", "try_number"])
    create_table(
        "callback_request",
        sa.Column("id", Uuid7, nullable=False),
        sa.Column("dag_run_id", Pk, nullable=False),
        sa.Column("kind", State, nullable=False),
        sa.Column("task_id", Id),
        sa.Column("map_index", sa.Integer()),
        sa.Column("reason", sa.Text()),
        sa.Column("state", State, nullable=False),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.ForeignKeyConstraint(
            ["dag_run_id"],
            ["dag_run.id"],
            name="fk_callback_request_dag_run_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_callback_request"),
    )
    create_table(
        "dag_tag",
        sa.Column("dag_id", Id, nullable=False),
        sa.Column("name", Id, nullable=False),
        sa.ForeignKeyConstraint(
            ["dag_id"], ["dag.dag_id"], name="fk_dag_tag_dag_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("dag_id", "name", name="pk_dag_tag"),
    )
    create_index("ix_dag_tag_name", "dag_tag", ["name"])
    create_table(
        "task_event",
        sa.Column("id", Pk, autoincrement=True, nullable=False),
        sa.Column("dag_run_id", Pk, nullable=False),
        sa.Column("task_id", Id),
        sa.Column("map_index", sa.Integer()),
        sa.Column("at", Timestamp, nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("from_state", State),
        sa.Column("to_state", State),
        sa.Column("attempt_id", Uuid7),
        sa.Column("detail", sa.Text()),
        sa.ForeignKeyConstraint(
            ["dag_run_id"], ["dag_run.id"], name="fk_task_event_dag_run_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_task_event"),
    )
    create_index("ix_task_event_ti", "task_event", ["dag_run_id", "task_id", "map_index"])
    create_table(
        "task_instance",
        sa.Column("dag_run_id", Pk, nullable=False),
        sa.Column("task_id", Id, nullable=False),
        sa.Column("map_index", sa.Integer(), nullable=False),
        sa.Column("state", State),
        sa.Column("try_number", sa.Integer(), nullable=False),
        sa.Column("max_tries", sa.Integer(), nullable=False),
        sa.Column("attempt_id", Uuid7),
        sa.Column("scheduled_at", Timestamp),
        sa.Column("queued_at", Timestamp),
        sa.Column("start_date", Timestamp),
        sa.Column("end_date", Timestamp),
        sa.Column("retry_at", Timestamp),
        sa.Column("reschedule_count", sa.Integer(), nullable=False),
        sa.Column("map_length", sa.Integer()),
        sa.Column("skips", LongText),
        sa.Column("deferral", LongText),
        sa.Column("hostname", sa.String(length=255)),
        sa.Column("pid", sa.Integer()),
        sa.Column("pool", Id, nullable=False),
        sa.Column("pool_slots", sa.Integer(), nullable=False),
        sa.Column("queue", Id, nullable=False),
        sa.Column("priority_weight", sa.Integer(), nullable=False),
        sa.Column("operator", sa.String(length=255)),
        sa.Column("rendered_map_index", sa.String(length=250)),
        sa.Column("dag_version_id", Uuid7),
        sa.Column("note", LongText),
        sa.Column("updated_at", Timestamp, nullable=False),
        sa.ForeignKeyConstraint(
            ["dag_run_id"], ["dag_run.id"], name="fk_task_instance_dag_run_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("dag_run_id", "task_id", "map_index", name="pk_task_instance"),
    )
    create_index("ix_task_instance_state", "task_instance", ["state"])
    create_table(
        "xcom",
        sa.Column("dag_run_id", Pk, nullable=False),
        sa.Column("task_id", Id, nullable=False),
        sa.Column("map_index", sa.Integer(), nullable=False),
        sa.Column("key", XComKey, nullable=False),
        sa.Column("value", LongText),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.ForeignKeyConstraint(
            ["dag_run_id"], ["dag_run.id"], name="fk_xcom_dag_run_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("dag_run_id", "task_id", "map_index", "key", name="pk_xcom"),
    )

    pool = sa.table(
        "pool",
        sa.column("name", sa.String()),
        sa.column("slots", sa.Integer()),
        sa.column("description", sa.String()),
        sa.column("include_deferred", sa.Boolean()),
    )
    if not present.has_rows(pool):
        op.execute(
            sa.insert(pool).values(
                name="default_pool",
                slots=128,
                description="Default pool",
                include_deferred=sa.false(),
            )
        )


def downgrade() -> None:
    for name in (
        "xcom",
        "task_instance",
        "task_event",
        "dag_tag",
        "callback_request",
        "attempt",
        "variable",
        "pool",
        "job",
        "inbox",
        "import_error",
        "dag_warning",
        "dag_version",
        "dag_source",
        "dag_run",
        "dag_file",
        "dag",
        "connection",
        "backfill",
        "audit_log",
    ):
        op.drop_table(name)
