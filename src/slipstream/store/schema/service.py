"""What the services tell each other, share and leave a trace of."""

from __future__ import annotations

from sqlalchemy import Column, Double, Index, Integer, String, Table, Text

from slipstream.store.schema.column import Id, LongText, Pk, State, UtcDateTime, Uuid7, metadata

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
    Column("trouble", Text),  # JSON, of a scheduler: what keeps each of its executors from working
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
