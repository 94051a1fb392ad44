"""The audit log: who did what, by the API, the CLI or the UI."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from slipstream.store.codec import dump, safe_text
from slipstream.store.row import AUDIT, AuditRow
from slipstream.store.schema import audit_log

_INSERT = insert(audit_log)


def add(
    conn: Connection,
    *,
    event: str,
    now: datetime,
    owner: str | None = None,
    dag_id: str | None = None,
    run_id: str | None = None,
    task_id: str | None = None,
    map_index: int | None = None,
    try_number: int | None = None,
    extra: dict[str, Any] | str | None = None,
) -> None:
    """Add an entry, in the transaction of what it tells of; mask secrets in ``extra`` before."""
    conn.execute(
        _INSERT,
        {
            "when": now,
            "event": safe_text(event, 60),
            "dag_id": dag_id,
            "run_id": run_id,
            "task_id": task_id,
            "map_index": map_index,
            "try_number": try_number,
            "owner": safe_text(owner, 500),
            "extra": safe_text(dump(extra) if isinstance(extra, dict) else extra, 16_000),
        },
    )


def changed(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what differs, as ``before`` and ``after``; of what is new or gone, all of it."""
    if before is None or after is None:
        return {k: dict(v) for k, v in (("before", before), ("after", after)) if v is not None}
    names = [n for n in {**before, **after} if before.get(n) != after.get(n)]
    return {
        "before": {n: before.get(n) for n in names},
        "after": {n: after.get(n) for n in names},
    }


def get(conn: Connection, id: int) -> AuditRow | None:
    """Return one entry."""
    return AUDIT.first(conn.execute(select(*AUDIT.columns).where(audit_log.c.id == id)))


def list_newest(conn: Connection, dag_id: str | None = None, limit: int = 100) -> list[AuditRow]:
    """Return the newest entries, of one DAG or of all, newest first."""
    query = select(*AUDIT.columns)
    if dag_id is not None:
        query = query.where(audit_log.c.dag_id == dag_id)
    return AUDIT.all(conn.execute(query.order_by(audit_log.c.id.desc()).limit(limit)))
