"""DAGs as their files define them: versions, sources, and what is wrong with a file."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from slipstream.store.schema.column import Id, LongText, MySQLType, Pk, UtcDateTime, Uuid7, metadata

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
    Column(
        "spec", LargeBinary().with_variant(MySQLType("LONGBLOB"), "mysql"), nullable=False
    ),  # zlib
    Column("source_hash", String(64)),
    Column("bundle_name", Id, nullable=False),
    Column("bundle_version", String(200)),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("dag_id", "version_number"),
)

# Of tasks whose display name is not their id: what lists are searched by.
task_name = Table(
    "task_name",
    metadata,
    Column(
        "dag_version_id", Uuid7, ForeignKey("dag_version.id", ondelete="CASCADE"), primary_key=True
    ),
    Column("task_id", Id, primary_key=True),
    Column("display_name", String(2000), nullable=False),
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
