"""Warnings about DAGs that load, but will not do what their author thinks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import Connection, insert, select
from sqlalchemy import delete as sql_delete

from slipstream.spec import DagSpec
from slipstream.store import dag as dags
from slipstream.store.schema import dag, dag_warning, pool

NONEXISTENT_POOL = "non-existent pool"
"""Airflow's name of the kind."""
_DEFAULT_POOL = "default_pool"


def check_pools(conn: Connection, specs: Mapping[str, DagSpec], now: datetime) -> None:
    """Warn of tasks in pools that do not exist; take back the warnings that hold no more.

    ``specs``: all the DAGs to look at, by id.
    """
    known = set(conn.execute(select(pool.c.name)).scalars())
    missing = {
        dag_id: absent
        for dag_id, spec in specs.items()
        if (absent := sorted({t.get("pool", _DEFAULT_POOL) for t in spec["tasks"]} - known))
    }
    is_one = dag_warning.c.warning_type == NONEXISTENT_POOL
    told = _messages(conn)
    rows = {dag_id: _text(absent) for dag_id, absent in missing.items()}
    changed = [i for i in specs if told.get(i) != rows.get(i)]
    gone = [dag_id for dag_id in changed if dag_id in told]
    for dag_id in sorted(gone):
        conn.execute(sql_delete(dag_warning).where(is_one, dag_warning.c.dag_id == dag_id))
    for dag_id in sorted(i for i in changed if i in rows):
        conn.execute(
            insert(dag_warning).values(
                dag_id=dag_id,
                warning_type=NONEXISTENT_POOL,
                message=rows[dag_id],
                timestamp=now,
            )
        )


def pools_changed(conn: Connection, now: datetime) -> None:
    """Look at all DAGs again: a pool was made or deleted."""
    active = conn.execute(select(dag.c.dag_id).where(dag.c.is_stale.is_(False))).scalars().all()
    specs = {dag_id: spec for dag_id, (_, spec) in dags.latest_specs(conn, active).items()}
    check_pools(conn, specs, now)


def _messages(conn: Connection) -> dict[str, str]:
    query = select(dag_warning.c.dag_id, dag_warning.c.message).where(
        dag_warning.c.warning_type == NONEXISTENT_POOL
    )
    return {row.dag_id: row.message for row in conn.execute(query)}


def _text(pools: Iterable[str]) -> str:
    names = ", ".join(map(repr, pools))
    return f"Tasks of this DAG wait for ever: there is no pool {names}. Create it or name another."
