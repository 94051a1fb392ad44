"""What happened: import errors, warnings, jobs, the audit log, backfills."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, not_, or_, select

from slipstream.store.listing.filter import Fields, Filter, where
from slipstream.store.listing.page import Listing, Page, Window, listed
from slipstream.store.schema import (
    audit_log,
    backfill,
    dag,
    dag_run,
    dag_warning,
    import_error,
    job,
)


class ImportErrorListed(NamedTuple):
    id: int
    bundle_name: str
    filename: str
    stacktrace: str
    timestamp: datetime


class JobListed(NamedTuple):
    id: str
    job_type: str
    state: str
    hostname: str
    unixname: str | None
    executor: str | None
    started_at: datetime
    ended_at: datetime | None
    heartbeat_at: datetime


class AuditListed(NamedTuple):
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
    dag_display_name: str | None
    logical_date: datetime | None


class WarningListed(NamedTuple):
    dag_id: str
    warning_type: str
    message: str
    timestamp: datetime
    dag_display_name: str | None


class BackfillListed(NamedTuple):
    id: int
    dag_id: str
    from_date: datetime
    to_date: datetime
    dag_run_conf: str
    is_paused: bool
    reprocess_behavior: str
    max_active_runs: int
    created_at: datetime
    completed_at: datetime | None
    updated_at: datetime
    dag_display_name: str | None


_IMPORT_ERROR_FIELDS: Fields = {
    "id": import_error.c.id,
    "import_error_id": import_error.c.id,
    "timestamp": import_error.c.timestamp,
    "filename": import_error.c.filename,
    "bundle_name": import_error.c.bundle_name,
    "stacktrace": import_error.c.stacktrace,
}
_IMPORT_ERRORS = Listing(
    keys=(import_error.c.id,),
    source=import_error,
    shown=select(*(import_error.c[n] for n in ImportErrorListed._fields)),
    sortable=_IMPORT_ERROR_FIELDS,
)


def import_errors(
    conn: Connection,
    window: Window,
    filters: Sequence[Filter] = (),
    dag_ids: Collection[str] | None = None,
) -> Page[ImportErrorListed]:
    """Return a page of import errors. Fields: id, timestamp, filename, bundle_name, stacktrace.

    ``dag_ids`` leaves out the files whose DAGs are none of them; a file without a DAG stays.
    """
    clauses = where(filters, _IMPORT_ERROR_FIELDS, conn.dialect.name)
    if dag_ids is not None:
        of_file = select(dag.c.dag_id).where(
            dag.c.bundle_name == import_error.c.bundle_name,
            dag.c.relative_fileloc == import_error.c.filename,
        )
        readable = of_file.where(dag.c.dag_id.in_(sorted(dag_ids)))
        clauses.append(or_(not_(of_file.exists()), readable.exists()))
    return listed(conn, _IMPORT_ERRORS, window, clauses, ImportErrorListed._make)


def dags_of_files(
    conn: Connection, files: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], set[str]]:
    """Return the DAGs of files, which are given by bundle and relative path."""
    found: dict[tuple[str, str], set[str]] = {file: set() for file in files}
    if not found:
        return found
    query = select(dag.c.bundle_name, dag.c.relative_fileloc, dag.c.dag_id).where(
        dag.c.relative_fileloc.in_(sorted({path for _, path in found}))
    )
    for bundle_name, path, dag_id in conn.execute(query):
        if (bundle_name, path) in found:
            found[bundle_name, path].add(dag_id)
    return found


_JOB_FIELDS: Fields = {
    "id": job.c.id,
    "state": job.c.state,
    "job_state": job.c.state,
    "job_type": job.c.job_type,
    "start_date": job.c.started_at,
    "end_date": job.c.ended_at,
    "latest_heartbeat": job.c.heartbeat_at,
    "executor_class": job.c.executor,
    "hostname": job.c.hostname,
    "unixname": job.c.unixname,
}
_JOBS = Listing(
    keys=(job.c.id,),
    source=job,
    shown=select(*(job.c[n] for n in JobListed._fields)),
    sortable=_JOB_FIELDS,
    nullable=frozenset({"end_date", "executor_class", "unixname"}),
)


def jobs(conn: Connection, window: Window, filters: Sequence[Filter] = ()) -> Page[JobListed]:
    """Return a page of jobs: the long-running processes, alive and past."""
    return listed(
        conn, _JOBS, window, where(filters, _JOB_FIELDS, conn.dialect.name), JobListed._make
    )


_AUDIT_SOURCE = audit_log.outerjoin(
    dag_run, (dag_run.c.dag_id == audit_log.c.dag_id) & (dag_run.c.run_id == audit_log.c.run_id)
)
_AUDIT_FIELDS: Fields = {
    **{n: audit_log.c[n] for n in AuditListed._fields[:10]},
    "event_log_id": audit_log.c.id,
    "dttm": audit_log.c.when,
    "logical_date": dag_run.c.logical_date,
}
_AUDIT = Listing(
    keys=(audit_log.c.id,),
    source=_AUDIT_SOURCE,
    shown=select(
        *(audit_log.c[n] for n in AuditListed._fields[:10]),
        dag.c.display_name,
        dag_run.c.logical_date,
    ).select_from(_AUDIT_SOURCE.outerjoin(dag, dag.c.dag_id == audit_log.c.dag_id)),
    sortable={
        n: _AUDIT_FIELDS[n]
        for n in (
            *("id", "dttm", "dag_id", "task_id", "run_id", "event", "logical_date", "owner"),
            *("extra", "when", "event_log_id"),
        )
    },
    nullable=frozenset({"dag_id", "task_id", "run_id", "logical_date", "owner", "extra"}),
)


def audit(conn: Connection, window: Window, filters: Sequence[Filter] = ()) -> Page[AuditListed]:
    """Return a page of the audit log. Fields: the columns' names."""
    return listed(
        conn, _AUDIT, window, where(filters, _AUDIT_FIELDS, conn.dialect.name), AuditListed._make
    )


_WARNING_FIELDS: Fields = {n: dag_warning.c[n] for n in WarningListed._fields[:4]}
_WARNINGS = Listing(
    keys=(dag_warning.c.dag_id, dag_warning.c.warning_type),
    source=dag_warning,
    shown=select(*_WARNING_FIELDS.values(), dag.c.display_name).select_from(
        dag_warning.outerjoin(dag, dag.c.dag_id == dag_warning.c.dag_id)
    ),
    sortable=_WARNING_FIELDS,
)


def warnings(
    conn: Connection, window: Window, filters: Sequence[Filter] = ()
) -> Page[WarningListed]:
    """Return a page of DAG warnings. Fields: dag_id, warning_type, message, timestamp."""
    clauses = where(filters, _WARNING_FIELDS, conn.dialect.name)
    return listed(conn, _WARNINGS, window, clauses, WarningListed._make)


_BACKFILL_FIELDS: Fields = {"id": backfill.c.id, "dag_id": backfill.c.dag_id}
_BACKFILLS = Listing(
    keys=(backfill.c.id,),
    source=backfill,
    shown=select(
        *(backfill.c[n] for n in BackfillListed._fields[:-1]), dag.c.display_name
    ).select_from(backfill.outerjoin(dag, dag.c.dag_id == backfill.c.dag_id)),
    sortable={"id": backfill.c.id},
)


def backfills(
    conn: Connection, window: Window, filters: Sequence[Filter] = ()
) -> Page[BackfillListed]:
    """Return a page of backfills. Fields: id, dag_id."""
    return listed(
        conn,
        _BACKFILLS,
        window,
        where(filters, _BACKFILL_FIELDS, conn.dialect.name),
        BackfillListed._make,
    )
