"""Quotas: how many of a pool's slots each scheduler may use. Who writes which row: ``lease``, the docs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, and_, func, or_, select

from slipstream.state import EXECUTING_STATES, TaskInstanceState
from slipstream.store import dialect
from slipstream.store.row import QUOTA, QuotaRow
from slipstream.store.schema import dag_lease, dag_run, job, pool, pool_quota
from slipstream.store.schema import task_instance as ti

_OCCUPIES = or_(
    ti.c.state.in_(sorted(state.value for state in EXECUTING_STATES)),
    and_(ti.c.state == TaskInstanceState.DEFERRED.value, pool.c.include_deferred),
)
_USE = (
    select(ti.c.pool, func.sum(ti.c.pool_slots))
    .join(dag_run, dag_run.c.id == ti.c.dag_run_id)
    .join(pool, pool.c.name == ti.c.pool)
    .where(_OCCUPIES)
    .group_by(ti.c.pool)
)
_OF_NOBODY = (
    _USE.outerjoin(dag_lease, dag_lease.c.dag_id == dag_run.c.dag_id)
    .outerjoin(job, (job.c.id == dag_lease.c.owner) & (job.c.state == "running"))
    .where(job.c.id.is_(None))
)


def of_pools(conn: Connection, pools: Iterable[str]) -> dict[str, list[QuotaRow]]:
    """Return all quotas of these pools; lock the pools first to change any."""
    found: dict[str, list[QuotaRow]] = {name: [] for name in pools}
    query = select(*QUOTA.columns).where(pool_quota.c.pool.in_(sorted(found)))
    for row in QUOTA.all(conn.execute(query.order_by(pool_quota.c.pool, pool_quota.c.owner))):
        found[row.pool].append(row)
    return found


def save(conn: Connection, rows: Iterable[QuotaRow]) -> None:
    """Write quotas, whole rows."""
    ordered = sorted(rows, key=lambda row: (row.pool, row.owner))
    values: list[dict[str, Any]] = [row._asdict() for row in ordered]
    if values:
        upsert = dialect.of(conn).upsert(
            pool_quota, ("pool", "owner"), ("slots", "wanted", "least", "stuck_since")
        )
        conn.execute(upsert, values)


def use_of_nobody(conn: Connection) -> dict[str, int]:
    """Return the slots that instances of DAGs without an owner occupy, by pool."""
    return {name: int(n) for name, n in conn.execute(_OF_NOBODY)}


def use_of_dags(conn: Connection, dag_ids: Iterable[str]) -> dict[str, int]:
    """Return the slots that instances of these DAGs occupy, by pool."""
    query = _USE.where(dag_run.c.dag_id.in_(sorted(set(dag_ids))))
    return {name: int(n) for name, n in conn.execute(query)}
