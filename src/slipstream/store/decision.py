"""Saves what ``machine`` decided: the one writer of every ``.state`` of runs and task instances.

The hottest module of the store. Changes of many task instances with the same columns become one
batched statement, whatever runs they belong to.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, delete, insert, update

from slipstream.attempt import new_id
from slipstream.machine.decision import Decision
from slipstream.store import dialect, schema, task_instance
from slipstream.store.codec import dump, safe_text
from slipstream.store.dialect import Dialect
from slipstream.store.dialect.lean import lean

_TI_KEYS = ("dag_run_id", "task_id", "map_index")
_TI_COLUMNS = tuple(c.name for c in schema.task_instance.c if c.name not in _TI_KEYS)
_TI_DEFAULTS: dict[str, Any] = dict.fromkeys(_TI_COLUMNS) | {
    "try_number": 0,
    "max_tries": 0,
    "reschedule_count": 0,
    "pool": "default_pool",
    "pool_slots": 1,
    "queue": "default",
    "priority_weight": 1,
}
_TI_JSON = ("skips", "deferral")
_RANGE = 50
"""Neighbouring instances with equal changes that are worth a statement of their own."""
_Key = tuple[int, str, int]
_MAX_INT = 2**31 - 1

_DELETE_TASK_INSTANCE = delete(schema.task_instance).where(
    schema.task_instance.c.dag_run_id == bindparam("pk"),
    schema.task_instance.c.task_id == bindparam("task"),
    schema.task_instance.c.map_index == bindparam("index"),
)
_INSERT_STORY = insert(schema.task_event)
_INSERT_CALLBACK = insert(schema.callback_request)


class NewAttempt(NamedTuple):
    """An admitted try: the row that its worker's start will be compared with."""

    id: str
    dag_run_id: int
    task_id: str
    try_number: int
    map_index: int = -1
    executor: str | None = None
    queue: str = "default"
    pool: str = "default_pool"
    pool_slots: int = 1
    priority_weight: int = 1
    dag_version_id: str | None = None


def save(
    conn: Connection,
    items: Iterable[tuple[int, Decision]],
    attempts: Sequence[NewAttempt],
    now: datetime,
) -> None:
    """Write decisions (by ``dag_run.id``; later ones win) and the attempts that they led to.

    Attempts that a decision closed are done for good: a worker's late start or finish of them
    is refused from now on.
    """
    db = dialect.of(conn)
    ordered = list(items)
    _save_runs(conn, db, ordered, now)
    _delete_task_instances(conn, ordered)
    for pk, decided in ordered:
        task_instance.delete(conn, pk, decided.forgotten)
    _save_task_instances(conn, db, ordered, now)
    _insert_attempts(conn, db, attempts, now)
    _close_attempts(conn, db, ordered, now)
    _append_story(conn, db, ordered, now)
    _request_callbacks(conn, ordered, now)


def _save_runs(
    conn: Connection, db: Dialect, items: list[tuple[int, Decision]], now: datetime
) -> None:
    merged: dict[int, dict[str, Any]] = defaultdict(dict)
    for pk, decided in items:
        if decided.run:
            merged[pk] |= decided.run
        if decided.run_state is not None:
            merged[pk]["state"] = decided.run_state.value
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for pk in sorted(merged):
        values = merged[pk]
        if isinstance(values.get("conf"), dict):
            values["conf"] = dump(values["conf"])
        groups[tuple(sorted(values))].append({"id": pk, **values, "updated_at": now})
    for columns, rows in groups.items():
        names = ("id", *columns, "updated_at")
        db.update_many(conn, schema.dag_run, ("id",), [{n: row[n] for n in names} for row in rows])


def _delete_task_instances(conn: Connection, items: list[tuple[int, Decision]]) -> None:
    rows = [
        {"pk": pk, "task": key.task_id, "index": key.map_index}
        for pk, decided in items
        for key in decided.deleted
    ]
    if rows:
        conn.execute(_DELETE_TASK_INSTANCE, rows)


def _save_task_instances(
    conn: Connection, db: Dialect, items: list[tuple[int, Decision]], now: datetime
) -> None:
    new: dict[tuple[int, str, int], dict[str, Any]] = {}
    changed: dict[tuple[int, str, int], dict[str, Any]] = {}
    for pk, decided in items:
        for (task_id, map_index), change in decided.changes.items():
            key = (pk, task_id, map_index)
            values = _encoded(change.values)
            if change.is_new:
                new[key] = {**new.get(key, {}), **values}
                changed.pop(key, None)
            elif key in new:
                new[key] |= values
            elif key in changed:
                changed[key] |= values
            else:
                changed[key] = values
    if new:
        upsert = lean(
            conn,
            db.upsert(schema.task_instance, _TI_KEYS, _TI_COLUMNS),
            (*_TI_KEYS, *_TI_COLUMNS),
        )
        rows = [
            {
                "dag_run_id": pk,
                "task_id": task_id,
                "map_index": map_index,
                **_TI_DEFAULTS,
                **values,
                "updated_at": now,
            }
            for (pk, task_id, map_index), values in sorted(new.items())
        ]
        db.send(conn, upsert, upsert.parameters(rows))
    rest = _save_ranges(conn, sorted(changed.items()), now) if len(changed) >= _RANGE else changed
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for (pk, task_id, map_index), values in sorted(rest.items()):
        row = {"dag_run_id": pk, "task_id": task_id, "map_index": map_index}
        columns = tuple(sorted(values))
        for name in columns:
            row[name] = values[name]
        row["updated_at"] = now
        groups[columns].append(row)
    for rows in groups.values():
        db.update_many(conn, schema.task_instance, _TI_KEYS, rows)


def _save_ranges(
    conn: Connection, changed: list[tuple[_Key, dict[str, Any]]], now: datetime
) -> dict[_Key, dict[str, Any]]:
    """Write what many neighbours of a mapped task have in common; return the other changes.

    Ten thousand instances that become ready at once are one statement instead of as many rows.
    """
    rest: dict[_Key, dict[str, Any]] = {}
    start = 0
    for end in range(1, len(changed) + 1):
        if end < len(changed):
            (pk, task_id, map_index), values = changed[end]
            last_key, last_values = changed[end - 1]
            if last_key == (pk, task_id, map_index - 1) and last_values == values:
                continue
        if end - start < _RANGE:
            rest.update(changed[start:end])
        else:
            (pk, task_id, first), values = changed[start]
            ti = schema.task_instance.c
            conn.execute(
                update(schema.task_instance)
                .where(ti.dag_run_id == pk, ti.task_id == task_id)
                .where(ti.map_index.between(first, changed[end - 1][0][2]))
                .values(**values, updated_at=now)
            )
        start = end
    return rest


def _encoded(values: dict[str, Any]) -> dict[str, Any]:
    encoded = dict(values)
    for name in _TI_JSON:
        if encoded.get(name) is not None:
            encoded[name] = dump(encoded[name])
    weight = encoded.get("priority_weight")
    if weight is not None and not -_MAX_INT <= weight <= _MAX_INT:
        # Sums of weights outgrow the column in deep DAGs; as Airflow 3: they stop at its bounds.
        encoded["priority_weight"] = max(-_MAX_INT, min(_MAX_INT, weight))
    return encoded


def _insert_attempts(
    conn: Connection, db: Dialect, attempts: Sequence[NewAttempt], now: datetime
) -> None:
    if not attempts:
        return
    rows: list[dict[str, Any]] = [
        {
            "id": a.id,
            "dag_run_id": a.dag_run_id,
            "task_id": a.task_id,
            "map_index": a.map_index,
            "try_number": a.try_number,
            "state": "queued",
            "applied": False,
            "executor": a.executor,
            "queue": a.queue,
            "pool": a.pool,
            "pool_slots": a.pool_slots,
            "priority_weight": max(-_MAX_INT, min(_MAX_INT, a.priority_weight)),
            "dag_version_id": a.dag_version_id,
            "queued_at": now,
        }
        for a in attempts
    ]
    insert_ = lean(conn, db.insert_missing(schema.attempt, ("id",)), tuple(rows[0]))
    db.send(conn, insert_, insert_.parameters(rows))


def _close_attempts(
    conn: Connection, db: Dialect, items: list[tuple[int, Decision]], now: datetime
) -> None:
    closed = {id: state for _, decided in items for id, state in decided.closed.items()}
    if not closed:
        return
    db.update_many(
        conn,
        schema.attempt,
        ("id",),
        [
            {"id": id, "state": "done", "applied": True, "ti_state": closed[id]}
            for id in sorted(closed)
        ],
    )


def _append_story(
    conn: Connection, db: Dialect, items: list[tuple[int, Decision]], now: datetime
) -> None:
    rows = [
        {
            "dag_run_id": pk,
            "task_id": event.key.task_id if event.key else None,
            "map_index": event.key.map_index if event.key else None,
            "at": now,
            "kind": event.kind,
            "from_state": event.from_state,
            "to_state": event.to_state,
            "attempt_id": event.attempt_id,
            "detail": safe_text(event.detail, 4000),
        }
        for pk, decided in items
        for event in decided.story
    ]
    if rows:
        story = lean(conn, _INSERT_STORY, tuple(rows[0]))
        db.send(conn, story, story.parameters(rows))


def _request_callbacks(conn: Connection, items: list[tuple[int, Decision]], now: datetime) -> None:
    rows = [
        {
            "id": new_id(),
            "dag_run_id": pk,
            "kind": due.kind,
            "task_id": due.key.task_id if due.key else None,
            "map_index": due.key.map_index if due.key else None,
            "reason": safe_text(due.reason, 4000),
            "state": "pending",
            "created_at": now,
        }
        for pk, decided in items
        for due in decided.callbacks
    ]
    if rows:
        conn.execute(_INSERT_CALLBACK, rows)
