"""Notes of what changed, for who watches: the event stream of each API server.

Left in the transaction of the change, so that whoever sees the note sees the change. Only of what
people and the DAG processor change now and then: the hot path leaves none, for task events and new
runs are told by their own ids (``live.watch``).
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, insert, select
from sqlalchemy import delete as sql_delete

from slipstream.store.schema import change, dag_run

KEPT = 20_000
"""A stream that was away for longer than these reads everything anew."""
_TRIM_EVERY = 512
_INSERT = insert(change)


def note(
    conn: Connection, kind: str, *, dag_id: str | None = None, run_id: str | None = None
) -> None:
    """Leave a note; ``kind`` is run, deleted, dag, or a flag of the stream (``pools``, …)."""
    key = conn.execute(_INSERT, {"kind": kind, "dag_id": dag_id, "run_id": run_id})
    id = int((key.inserted_primary_key or (1,))[0])
    if id % _TRIM_EVERY == 0:
        conn.execute(sql_delete(change).where(change.c.id <= id - KEPT))


def note_dags(conn: Connection, dag_ids: Iterable[str]) -> None:
    """Leave a note for each of these DAGs."""
    ids = sorted(dag_ids)
    if ids:
        note(conn, "dag", dag_id=ids[0])
    if ids[1:]:
        conn.execute(_INSERT, [{"kind": "dag", "dag_id": each, "run_id": None} for each in ids[1:]])


def note_run(conn: Connection, pk: int, kind: str = "run") -> None:
    """Leave a note of a run, by ``dag_run.id``; ``deleted`` before it is."""
    names = select(dag_run.c.dag_id, dag_run.c.run_id).where(dag_run.c.id == pk)
    for dag_id, run_id in conn.execute(names).all():
        note(conn, kind, dag_id=dag_id, run_id=run_id)
