"""Rendered template fields of the last try of each task instance, masked by their sender."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, select

from slipstream.store import dialect
from slipstream.store.codec import dump
from slipstream.store.row import RENDERED, RenderedRow
from slipstream.store.schema import rendered_fields

_KEYS = ("dag_run_id", "task_id", "map_index")


def save_all(conn: Connection, rows: Iterable[tuple[int, str, int, dict[str, Any]]]) -> None:
    """Write ``(dag_run_pk, task_id, map_index, fields)``, over what an earlier try left."""
    conn.execute(
        dialect.of(conn).upsert(rendered_fields, _KEYS, ("fields",)),
        [
            {"dag_run_id": pk, "task_id": task_id, "map_index": map_index, "fields": dump(fields)}
            for pk, task_id, map_index, fields in sorted(rows, key=lambda row: row[:3])
        ],
    )


def get(conn: Connection, pk: int, task_id: str, map_index: int = -1) -> RenderedRow | None:
    """Return what a task instance's templates became; None if none was rendered yet."""
    return RENDERED.first(
        conn.execute(
            select(*RENDERED.columns).where(
                rendered_fields.c.dag_run_id == pk,
                rendered_fields.c.task_id == task_id,
                rendered_fields.c.map_index == map_index,
            )
        )
    )
