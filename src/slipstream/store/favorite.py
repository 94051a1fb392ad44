"""Which DAGs a person has marked as favorites."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, select

from slipstream.store.schema import dag_favorite


def exists(conn: Connection, user_name: str, dag_id: str) -> bool:
    """Say whether the DAG is one of the person's favorites."""
    query = select(dag_favorite.c.dag_id).where(
        dag_favorite.c.user_name == user_name, dag_favorite.c.dag_id == dag_id
    )
    return conn.execute(query).first() is not None


def add(conn: Connection, user_name: str, dag_id: str) -> None:
    """Make a DAG that exists one of the person's favorites; once is enough."""
    if not exists(conn, user_name, dag_id):
        conn.execute(insert(dag_favorite).values(user_name=user_name, dag_id=dag_id))


def remove(conn: Connection, user_name: str, dag_id: str) -> bool:
    """Take a DAG out of the person's favorites; say whether it was there."""
    query = delete(dag_favorite).where(
        dag_favorite.c.user_name == user_name, dag_favorite.c.dag_id == dag_id
    )
    return conn.execute(query).rowcount > 0
